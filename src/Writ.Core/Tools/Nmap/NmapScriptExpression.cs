using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// One rule of <c>--script</c>, read as Nmap's <c>nse_main.lua</c> reads it. <c>and</c> and <c>or</c> bind alike and to the
/// right: <c>a and b or c</c> is <c>a and (b or c)</c>; <c>not</c> takes the one value behind it. Keywords and categories
/// ignore case, names do not. A keyword that stands where a value must be is a name (<c>not and</c> is all but a script
/// called <c>and</c>).
/// </summary>
internal abstract record NmapScriptExpression
{
    /// <summary>Nmap's matcher gives up (its stack holds 400 steps) somewhat above 130 alternatives in a row.</summary>
    public const int MaxDepth = 100;

    /// <summary>
    /// Nmap's matcher backtracks: each level of parentheses multiplies its work by four, each <c>and</c> by two, once for
    /// each script there is. This many steps for each script are some five seconds.
    /// </summary>
    public const long MaxWork = 16_384;

    /// <summary><c>true</c>, <c>all</c>, <c>false</c>.</summary>
    public sealed record Constant(bool Value) : NmapScriptExpression
    {
        /// <inheritdoc/>
        public override bool Selects(PlannedScript script) => Value;
        /// <inheritdoc/>
        public override string ToString() => Value ? "true" : "false";
    }

    /// <summary>A category, or a glob over names; which of the two, each script's own categories decide.</summary>
    public sealed record Word(string Text) : NmapScriptExpression
    {
        /// <summary>A script called <c>not</c>: with something behind it, it would be read as the operator.</summary>
        public bool IsNot => Text.Equals("not", StringComparison.OrdinalIgnoreCase);

        private readonly string _glob = Text.EndsWith(".nse", StringComparison.Ordinal) ? Text[..^4] : Text;

        /// <inheritdoc/>
        public override bool Selects(PlannedScript script) =>
            script.Categories.Contains(Text, StringComparer.OrdinalIgnoreCase) || Matches(_glob, script.Name);
        /// <inheritdoc/>
        public override string ToString() => Text;

        private static bool Matches(ReadOnlySpan<char> glob, ReadOnlySpan<char> name)
        {
            int at = 0, inName = 0, star = -1, resume = 0;
            while (inName < name.Length)
            {
                if (at < glob.Length && glob[at] == '*')
                    (star, resume) = (at++, inName);
                else if (at < glob.Length && glob[at] == name[inName])
                    (at, inName) = (at + 1, inName + 1);
                else if (star >= 0)
                    (at, inName) = (star + 1, ++resume);
                else
                    return false;
            }

            return glob[at..].TrimStart('*').IsEmpty;
        }
    }

    /// <summary>All but what the value selects.</summary>
    public sealed record Not(NmapScriptExpression Value) : NmapScriptExpression
    {
        /// <inheritdoc/>
        public override bool Selects(PlannedScript script) => !Value.Selects(script);
        /// <inheritdoc/>
        public override string ToString() => $"not {AsValue(Value)}";
    }

    /// <summary>Two parts joined by <c>and</c> or <c>or</c>.</summary>
    public sealed record Pair(NmapScriptExpression Left, bool Both, NmapScriptExpression Right) : NmapScriptExpression
    {
        /// <inheritdoc/>
        public override bool Selects(PlannedScript script) =>
            Both ? Left.Selects(script) && Right.Selects(script) : Left.Selects(script) || Right.Selects(script);
        /// <inheritdoc/>
        public override string ToString() => $"{AsValue(Left)} {(Both ? "and" : "or")} {Right}";
    }

    private NmapScriptExpression()
    {
    }

    /// <summary>True when this expression selects the script.</summary>
    public abstract bool Selects(PlannedScript script);

    /// <summary>
    /// The expression with lower-case operators, single spaces and no parentheses but those that it needs. Read again, it
    /// is the same.
    /// </summary>
    public abstract override string ToString();

    /// <summary>The steps that Nmap takes to match the text of this expression against one script.</summary>
    public long Work => this switch
    {
        Pair { Both: true } pair => Bound((3 * ValueWork(pair.Left)) + (2 * pair.Right.Work)),
        Pair pair => Bound((2 * ValueWork(pair.Left)) + pair.Right.Work),
        _ => Bound(4 * ValueWork(this)),
    };

    /// <summary>True when a word holds the sign that means something only before a whole rule; no script's name has one.</summary>
    public bool Signed => this switch
    {
        Word word => word.Text.Contains('+', StringComparison.Ordinal),
        Not not => not.Value.Signed,
        Pair pair => pair.Left.Signed || pair.Right.Signed,
        _ => false,
    };

    private static long ValueWork(NmapScriptExpression value) => value switch
    {
        Pair => Bound(1 + value.Work),
        Not not => Bound(1 + ValueWork(not.Value)),
        Word { IsNot: true } => 5,
        _ => 1,
    };

    private static long Bound(long work) => Math.Min(work, long.MaxValue / 8);

    private static string AsValue(NmapScriptExpression value) => value is Pair or Word { IsNot: true } ? $"({value})" : value.ToString();

    /// <summary>
    /// Reads a rule. Ok with null where it is no expression to Nmap, which then takes it for a path; a refusal where it is
    /// nested deeper than <see cref="MaxDepth"/>.
    /// </summary>
    public static Result<NmapScriptExpression?> Read(string text)
    {
        var reader = new Reader(text);
        var found = reader.Whole();
        return reader.TooDeep
            ? new Refusal(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(text)}' is nested or chained more than {MaxDepth} deep", "separate alternatives with commas, which mean 'or' too")
            : found;
    }

    private sealed class Reader(string text)
    {
        private int _at;
        private int _depth;

        public bool TooDeep { get; private set; }

        public NmapScriptExpression? Whole()
        {
            Spaces();
            var found = Expression();
            Spaces();
            return _at == text.Length ? found : null;
        }

        private NmapScriptExpression? Expression()
        {
            if (!Enter())
                return null;
            var left = Value();
            if (left is not null)
            {
                var after = _at;
                Spaces();
                var both = Keyword("and");
                if (both || Keyword("or"))
                {
                    Spaces();
                    if (Expression() is { } right)
                        left = new Pair(left, both, right);
                    else
                        _at = after;
                }
                else
                {
                    _at = after;
                }
            }

            _depth--;
            return left;
        }

        private NmapScriptExpression? Value()
        {
            if (!Enter())
                return null;
            var found = Negated() ?? Bracketed()
                ?? (Keyword("true") || Keyword("all") ? new Constant(true) : Keyword("false") ? new Constant(false) : Path());
            _depth--;
            return found;
        }

        private Not? Negated()
        {
            var before = _at;
            if (Keyword("not"))
            {
                Spaces();
                if (Value() is { } value)
                    return new(value);
            }

            _at = before;
            return null;
        }

        private NmapScriptExpression? Bracketed()
        {
            var before = _at;
            if (_at < text.Length && text[_at] == '(')
            {
                _at++;
                Spaces();
                var inner = Expression();
                Spaces();
                if (inner is not null && _at < text.Length && text[_at] == ')')
                {
                    _at++;
                    return inner;
                }
            }

            _at = before;
            return null;
        }

        private Word? Path()
        {
            var before = _at;
            while (_at < text.Length && text[_at] is > ' ' and not '(' and not ')')
                _at++;
            return _at > before ? new(text[before.._at]) : null;
        }

        private bool Keyword(string word)
        {
            var end = _at + word.Length;
            if (end > text.Length || !text.AsSpan(_at, word.Length).Equals(word, StringComparison.OrdinalIgnoreCase)
                || (end < text.Length && text[end] is not (' ' or '(' or ')')))
                return false;
            _at = end;
            return true;
        }

        private void Spaces()
        {
            while (_at < text.Length && text[_at] == ' ')
                _at++;
        }

        private bool Enter()
        {
            TooDeep |= ++_depth > MaxDepth;
            if (!TooDeep)
                return true;
            _depth--;
            return false;
        }
    }
}
