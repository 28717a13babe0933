using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Writ.Core.Policy;

/// <summary>A part of the file with the line on which it begins, from 1.</summary>
internal abstract record PolicyNode(int Line);

/// <summary>A word, a number, a text: everything that is neither list nor mapping. An empty value is an empty text.</summary>
internal sealed record PolicyScalar(int Line, string Value) : PolicyNode(Line);

/// <summary>A list.</summary>
internal sealed record PolicyList(int Line, IReadOnlyList<PolicyNode> Items) : PolicyNode(Line);

/// <summary>A mapping; no key occurs twice.</summary>
internal sealed record PolicyMapping(int Line, IReadOnlyList<(PolicyScalar Key, PolicyNode Value)> Entries) : PolicyNode(Line);

/// <summary>
/// Reads YAML into nodes that know their lines. Only the plain part of the language is read: anchors, aliases, tags and
/// further documents are refused, so that what a reviewer sees is what is meant and nothing expands.
/// </summary>
internal sealed class PolicyYaml(Action<int, string, string?> problem)
{
    private const int MaxDepth = 18;

    /// <summary>Thrown inside to stop reading; the problem has been reported.</summary>
    private sealed class StopException : Exception;

    /// <summary>The root of the only document, or null when a problem was reported that leaves nothing to read.</summary>
    public PolicyNode? Read(string text)
    {
        var events = new Queue<ParsingEvent>();
        try
        {
            if (!Scan(text, events))
                return null;
            var parser = new Events(events);
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                problem(1, "the policy is empty", "begin with 'version: 1'");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = Node(parser);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<DocumentStart>(out var second))
                return root;
            problem(Line(second), "a second YAML document begins here", "keep one policy in one document");
            return null;
        }
        catch (StopException)
        {
            return null;
        }
        catch (YamlException wrong)
        {
            // From damaged text the library makes mappings that end between a key and its value.
            problem((int)Math.Max(1, wrong.Start.Line), "this is not YAML here or shortly before", null);
            return null;
        }
    }

    /// <summary>
    /// Lets the library read the text, and nothing else: on damaged input it throws more than its own exceptions
    /// (InvalidOperationException from its plain scalars), and those of our code must not be taken for them. Stops at
    /// the depth limit, since the library's time grows with the square of the depth.
    /// </summary>
    private bool Scan(string text, Queue<ParsingEvent> events)
    {
        var (line, depth) = (1, 0);
        try
        {
            var parser = new Parser(new StringReader(text));
            while (parser.MoveNext())
            {
                var at = parser.Current!;
                events.Enqueue(at);
                line = Math.Max(line, (int)at.End.Line);
                depth += at.NestingIncrease;
                if (depth <= MaxDepth)
                    continue;
                problem(Line(at), "this is nested too deeply", "a policy needs no more than six levels");
                return false;
            }

            return true;
        }
        catch (YamlException wrong)
        {
            problem((int)Math.Max(1, Math.Max(wrong.Start.Line, wrong.End.Line)), $"this is not YAML: {OneLine(wrong)}", null);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            problem(line, "this is not YAML here or shortly after", null);
        }

        return false;
    }

    /// <summary>What was scanned, one event after the other.</summary>
    private sealed class Events : IParser
    {
        private readonly Queue<ParsingEvent> _left;

        public Events(Queue<ParsingEvent> events)
        {
            _left = events;
            MoveNext();
        }

        public ParsingEvent? Current { get; private set; }

        public bool MoveNext()
        {
            var more = _left.TryDequeue(out var next);
            Current = next;
            return more;
        }
    }

    private PolicyNode Node(Events parser)
    {
        switch (parser.Current)
        {
            case AnchorAlias alias:
                Stop(alias, $"the alias '*{alias.Value}' is not read", "write the value out");
                break;
            case NodeEvent { Anchor.IsEmpty: false } anchored:
                Stop(anchored, $"the anchor '&{anchored.Anchor.Value}' is not read", "write the value out where it is needed");
                break;
            case NodeEvent { Tag.IsEmpty: false } tagged when !tagged.Tag.IsNonSpecific:
                Stop(tagged, $"the tag '{tagged.Tag.Value}' is not read", "leave it out");
                break;
        }

        return parser.Current switch
        {
            MappingStart => Mapping(parser),
            SequenceStart => List(parser),
            _ => Scalar(parser.Consume<Scalar>()),
        };
    }

    private static PolicyScalar Scalar(Scalar scalar) => new((int)scalar.Start.Line, scalar.Value);

    private PolicyList List(Events parser)
    {
        var start = parser.Consume<SequenceStart>();
        var items = new List<PolicyNode>();
        while (!parser.TryConsume<SequenceEnd>(out _))
            items.Add(Node(parser));
        return new(Line(start), items);
    }

    private PolicyMapping Mapping(Events parser)
    {
        var start = parser.Consume<MappingStart>();
        var entries = new List<(PolicyScalar, PolicyNode)>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (Node(parser) is not PolicyScalar key)
            {
                Stop(parser.Current, "a key must be a word", null);
                throw new StopException();
            }

            var value = Node(parser);
            if (seen.TryAdd(key.Value, key.Line))
                entries.Add((key, value));
            else
                problem(key.Line, $"'{key.Value}' stands here twice", $"it stands on line {seen[key.Value]} already");
        }

        return new(Line(start), entries);
    }

    private void Stop(ParsingEvent? at, string message, string? hint)
    {
        problem(at is null ? 1 : Line(at), message, hint);
        throw new StopException();
    }

    private static int Line(ParsingEvent at) => Math.Max(1, (int)at.Start.Line);

    private static string OneLine(YamlException wrong)
    {
        var text = wrong.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return text.Length == 0 ? "it cannot be read" : char.ToLowerInvariant(text[0]) + text[1..];
    }
}
