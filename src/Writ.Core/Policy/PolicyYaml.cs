using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Writ.Core.Policy;

/// <summary>A part of a policy with the line of its whole text on which it begins, from 1.</summary>
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
internal sealed class PolicyYaml(Action<int, string, string?> problem, int firstLine)
{
    private const int MaxDepth = 18;

    /// <summary>Thrown inside to stop reading; the problem has been reported.</summary>
    private sealed class StopException : Exception;

    /// <summary>The root of the only document, or null when a problem was reported that leaves nothing to read.</summary>
    public PolicyNode? Read(string text)
    {
        try
        {
            var parser = new Events(this, text);
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                problem(firstLine, "the policy is empty", "begin with 'version: 1'");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = Node(parser);
            parser.Consume<DocumentEnd>();
            if (parser.Accept<DocumentStart>(out var second))
            {
                problem(Line(second), "a second YAML document begins here", "keep one policy in one document");
                return null;
            }

            return root;
        }
        catch (StopException)
        {
            return null;
        }
        catch (YamlException wrong)
        {
            // From damaged text the library makes mappings that end between a key and its value.
            problem(Line(wrong.Start.Line), "this is not YAML here or shortly before", null);
            return null;
        }
    }

    /// <summary>
    /// The library's events, one after the other, so that no text is too long to be read. On damaged input the library
    /// throws more than its own exceptions (InvalidOperationException from its plain scalars), and those of our code must
    /// not be taken for them. Stops at the depth limit, since the library's time grows with the square of the depth.
    /// </summary>
    private sealed class Events : IParser
    {
        private readonly PolicyYaml _yaml;
        private readonly Parser _parser;
        private int _depth;
        private long _line = 1;

        public Events(PolicyYaml yaml, string text)
        {
            (_yaml, _parser) = (yaml, new Parser(new StringReader(text)));
            MoveNext();
        }

        public ParsingEvent? Current => _parser.Current;

        public bool MoveNext()
        {
            try
            {
                if (!_parser.MoveNext())
                    return false;
            }
            catch (YamlException wrong)
            {
                throw _yaml.Stop(Math.Max(wrong.Start.Line, wrong.End.Line), $"this is not YAML: {OneLine(wrong)}");
            }
            catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
            {
                throw _yaml.Stop(_line, "this is not YAML here or shortly after");
            }

            var at = _parser.Current!;
            _line = Math.Max(_line, at.End.Line);
            _depth += at.NestingIncrease;
            if (_depth > MaxDepth)
                throw _yaml.Stop(at, "this is nested too deeply", "a policy needs no more than six levels");
            return true;
        }
    }

    private PolicyNode Node(Events parser)
    {
        switch (parser.Current)
        {
            case AnchorAlias alias:
                throw Stop(alias, $"the alias '*{alias.Value}' is not read", "write the value out");
            case NodeEvent { Anchor.IsEmpty: false } anchored:
                throw Stop(anchored, $"the anchor '&{anchored.Anchor.Value}' is not read", "write the value out where it is needed");
            case NodeEvent { Tag.IsEmpty: false } tagged when !tagged.Tag.IsNonSpecific:
                throw Stop(tagged, $"the tag '{tagged.Tag.Value}' is not read", "leave it out");
        }

        return parser.Current switch
        {
            MappingStart => Mapping(parser),
            SequenceStart => List(parser),
            _ => Scalar(parser.Consume<Scalar>()),
        };
    }

    private PolicyScalar Scalar(Scalar scalar) => new(Line(scalar), scalar.Value);

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
                throw Stop(parser.Current, "a key must be a word", null);

            var value = Node(parser);
            if (seen.TryAdd(key.Value, key.Line))
                entries.Add((key, value));
            else
                problem(key.Line, $"'{key.Value}' stands here twice", $"it stands on line {seen[key.Value] - firstLine + 1} already");
        }

        return new(Line(start), entries);
    }

    private StopException Stop(ParsingEvent? at, string message, string? hint) => Stop(at?.Start.Line ?? 1, message, hint);

    private StopException Stop(long line, string message, string? hint = null)
    {
        problem(Line(line), message, hint);
        return new();
    }

    private int Line(ParsingEvent at) => Line(at.Start.Line);

    private int Line(long inFile) => firstLine + (int)Math.Max(1, inFile) - 1;

    private static string OneLine(YamlException wrong)
    {
        var text = wrong.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return text.Length == 0 ? "it cannot be read" : char.ToLowerInvariant(text[0]) + text[1..];
    }
}
