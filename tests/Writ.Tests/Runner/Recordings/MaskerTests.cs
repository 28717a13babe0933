using System.Text;
using CsCheck;
using Writ.Tests.Core;
using Writ.Runner.Recordings;

namespace Writ.Tests.Runner.Recordings;

public sealed class MaskerTests
{
    private const string Secret = "hunter2/Zr+99 q";

    /// <summary>Pieces that begin, repeat and nearly are secrets, so that random texts hold many of each.</summary>
    private static readonly Gen<string> Texts = Gen.OneOf(Pieces("abab", "ababa", "aba", "bab", "xyxy", "xy", "a", "b", "x", "Z", "\n", "[secret one]")).List[0, 40].Select(parts => string.Concat(parts));

    [Fact]
    public void Take_any_cut_hides_what_one_read_hides()
    {
        Gen.Select(Texts, Gen.Int[1, 7].List[1, 60]).Sample((text, cuts) =>
        {
            using var masks = Masks.Of([("one", "ababab"u8.ToArray()), ("two", "babxy"u8.ToArray())])!;
            var bytes = Encoding.ASCII.GetBytes(text);
            var whole = Masked(masks, [bytes]);
            Masked(masks, Cut(bytes, cuts)).ShouldBe(whole);
            whole.ShouldBe(Reference(text, ("one", "ababab"), ("two", "babxy")));
        }, iter: PropertyScale.Cases(4_000));
    }

    [Fact]
    public void Take_with_pauses_shows_three_bytes_of_a_secret_at_most()
    {
        const string secret = "Tr0ub4dor&3-horse";
        Gen.Select(Gen.OneOf(Pieces("Tr0", "Tr0ub", "T", "or", "\n", secret, secret, secret[..9])).List[0, 12].Select(parts => string.Concat(parts)), Gen.Int[1, 6].List[1, 60], Gen.Bool.List[1, 20]).Sample((text, cuts, pauses) =>
        {
            using var masks = Masks.Of([("s", Encoding.ASCII.GetBytes(secret))])!;
            using var masker = new Masker(masks);
            var shown = new StringBuilder();
            void Sink(ReadOnlySpan<byte> bytes) => shown.Append(Encoding.ASCII.GetString(bytes));
            var at = 0;
            foreach (var piece in Cut(Encoding.ASCII.GetBytes(text), cuts))
            {
                masker.Take(piece, Sink);
                if (pauses[at++ % pauses.Count])
                {
                    masker.Pause(Sink);
                    masker.Pause(Sink);
                }
            }

            masker.Finish(Sink);
            // Of a secret no more than what a pause lets go, which its mask follows.
            var without = Encoding.ASCII.GetString(Masked(masks, [Encoding.ASCII.GetBytes(text)]));
            var hidden = Hidden(without);
            Hidden(shown.ToString()).ShouldBe(hidden);
            (shown.Length - without.Length).ShouldBeInRange(0, 3 * hidden);
            shown.ToString().ShouldNotContain(secret[3..]);
        }, iter: PropertyScale.Cases(4_000));
    }

    private static int Hidden(string shown) => shown.Split("[secret s]").Length - 1;

    private static IGen<string>[] Pieces(params string[] texts) => [.. texts.Select(Gen.Const)];

    [Fact]
    public void Take_byte_by_byte_with_a_pause_after_each_hides_the_rest()
    {
        var shown = Paused("pw: " + Secret + " end", everyByte: true);
        shown.ShouldBe("pw: hun[secret s] end");
        Paused("hu", everyByte: true).ShouldBe("hu");
        Paused("hung up", everyByte: true).ShouldBe("hung up");
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("x{0}y")]
    [InlineData("user:{0}")]
    [InlineData("us:{0}:more")]
    public void Of_hides_base64_wherever_it_begins(string around)
    {
        using var masks = Masks.Of([("s", Encoding.UTF8.GetBytes(Secret))])!;
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Format(null, around, Secret)));
        foreach (var text in new[] { encoded, encoded.Replace('+', '-').Replace('/', '_').TrimEnd('=') })
        {
            var shown = Encoding.UTF8.GetString(Masked(masks, [Encoding.UTF8.GetBytes($"Authorization: Basic {text}\r\n")]));
            shown.ShouldContain("[secret s]");
            // At either end a letter may hold bits of both; no more than one of them stays.
            shown.Replace("[secret s]", "", StringComparison.Ordinal).Length.ShouldBeLessThanOrEqualTo("Authorization: Basic \r\n".Length + text.Length - (4 * Secret.Length / 3) + 2);
        }
    }

    [Fact]
    public void Of_hides_percent_hexadecimal_json_and_lines()
    {
        var key = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIB\nshort\n-----END KEY-----\n";
        using var masks = Masks.Of([("s", Encoding.UTF8.GetBytes(Secret)), ("q", "a\"b\\c\td"u8.ToArray()), ("k", Encoding.UTF8.GetBytes(key))])!;
        string Shown(string text) => Encoding.UTF8.GetString(Masked(masks, [Encoding.UTF8.GetBytes(text)]));
        Shown(Uri.EscapeDataString(Secret)).ShouldBe("[secret s]");
        Shown(Uri.EscapeDataString(Secret).Replace("%2F", "%2f", StringComparison.Ordinal).Replace("%2B", "%2b", StringComparison.Ordinal)).ShouldBe("[secret s]");
        Shown("hunter2%2FZr%2B99+q").ShouldBe("[secret s]");
        Shown("\\x" + Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Secret))).ShouldBe("\\x[secret s]");
        Shown("{\"q\":\"a\\\"b\\\\c\\td\"}").ShouldBe("{\"q\":\"[secret q]\"}");
        Shown(key.Replace("\n", "\r\n", StringComparison.Ordinal)).ShouldBe("-----BEGIN KEY-----\r\n[secret k]\r\nshort\r\n-----END KEY-----\r\n");
    }

    [Fact]
    public void Finish_hides_half_of_a_secret_and_shows_what_is_none()
    {
        using var masks = Masks.Of([("s", "correct-horse"u8.ToArray())])!;
        string Shown(string text) => Encoding.UTF8.GetString(Masked(masks, [Encoding.UTF8.GetBytes(text)]));
        Shown("it is correct-h").ShouldBe("it is [secret s]");
        Shown("it is corr").ShouldBe("it is corr");
        Shown("").ShouldBe("");
    }

    [Fact]
    public void Take_holds_back_nothing_but_beginnings()
    {
        using var masks = Masks.Of([("s", "correct-horse"u8.ToArray())])!;
        using var masker = new Masker(masks);
        var shown = new StringBuilder();
        void Sink(ReadOnlySpan<byte> bytes) => shown.Append(Encoding.ASCII.GetString(bytes));
        masker.Take("a prompt> "u8, Sink);
        shown.ToString().ShouldBe("a prompt> ");
        masker.IsWaiting.ShouldBeFalse();
        masker.Take("c"u8, Sink);
        shown.ToString().ShouldBe("a prompt> ");
        masker.IsWaiting.ShouldBeTrue();
        masker.Pause(Sink);
        shown.ToString().ShouldBe("a prompt> c");
        masker.IsWaiting.ShouldBeFalse();
        masker.Take("d"u8, Sink);
        shown.ToString().ShouldBe("a prompt> cd");
    }

    private static string Paused(string text, bool everyByte)
    {
        using var masks = Masks.Of([("s", Encoding.UTF8.GetBytes(Secret))])!;
        using var masker = new Masker(masks);
        var shown = new StringBuilder();
        void Sink(ReadOnlySpan<byte> bytes) => shown.Append(Encoding.UTF8.GetString(bytes));
        foreach (var letter in Encoding.UTF8.GetBytes(text))
        {
            masker.Take([letter], Sink);
            if (everyByte)
                masker.Pause(Sink);
        }

        masker.Finish(Sink);
        return shown.ToString();
    }

    private static byte[] Masked(Masks masks, IEnumerable<byte[]> pieces)
    {
        using var masker = new Masker(masks);
        var shown = new List<byte>();
        foreach (var piece in pieces)
            masker.Take(piece, bytes => shown.AddRange(bytes));
        masker.Finish(bytes => shown.AddRange(bytes));
        return [.. shown];
    }

    private static IEnumerable<byte[]> Cut(byte[] bytes, List<int> cuts)
    {
        for (int at = 0, cut = 0; at < bytes.Length; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Count], bytes.Length - at);
            yield return bytes[at..(at + length)];
            at += length;
        }
    }

    // The plainest way to say it: mark every byte of every secret, and show each marked stretch of overlapping ones once.
    private static byte[] Reference(string text, params (string Name, string Value)[] secrets)
    {
        var forms = secrets.SelectMany(secret =>
        {
            using var masks = Masks.Of([(secret.Name, Encoding.ASCII.GetBytes(secret.Value))])!;
            return masks.Needles.Select(needle => (secret.Name, Value: Encoding.ASCII.GetString(needle.Bytes))).ToArray();
        }).ToArray();
        var found = (from form in forms
                     from at in Enumerable.Range(0, text.Length)
                     where string.CompareOrdinal(text, at, form.Value, 0, form.Value.Length) == 0 && at + form.Value.Length <= text.Length
                     orderby at, form.Value.Length descending
                     select (Begin: at, End: at + form.Value.Length, form.Name)).ToList();
        var shown = new StringBuilder();
        var from = 0;
        foreach (var group in Groups(found))
        {
            shown.Append(text, from, group.Begin - from).Append($"[secret {group.Name}]");
            from = group.End;
        }

        // The end: half of a secret is one.
        var begun = forms.SelectMany(form => Enumerable.Range(Masks.Shortest, Math.Max(0, form.Value.Length - Masks.Shortest))
            .Where(length => 2 * length >= form.Value.Length && text.EndsWith(form.Value[..length], StringComparison.Ordinal)).Select(length => (Begin: text.Length - length, form.Name))).ToArray();
        if (begun.Length == 0)
            return Encoding.ASCII.GetBytes(shown.Append(text, from, text.Length - from).ToString());
        var first = begun.OrderBy(each => each.Begin).First();
        if (first.Begin >= from)
            shown.Append(text, from, first.Begin - from).Append($"[secret {first.Name}]");
        else
            return Encoding.ASCII.GetBytes(Again(text, first.Begin, found, first.Name));
        return Encoding.ASCII.GetBytes(shown.ToString());
    }

    // Whatever overlaps the end's beginning of a secret is hidden with it.
    private static string Again(string text, int begin, List<(int Begin, int End, string Name)> found, string name)
    {
        var shown = new StringBuilder();
        var from = 0;
        foreach (var group in Groups([.. found.Where(each => each.Begin < begin)]))
        {
            shown.Append(text, from, group.Begin - from).Append($"[secret {group.Name}]");
            from = group.End;
        }

        return from > begin ? shown.ToString() : shown.Append(text, from, begin - from).Append($"[secret {name}]").ToString();
    }

    private static IEnumerable<(int Begin, int End, string Name)> Groups(List<(int Begin, int End, string Name)> found)
    {
        (int Begin, int End, string Name)? open = null;
        foreach (var each in found)
        {
            if (open is { } group && each.Begin < group.End)
            {
                open = group with { End = Math.Max(group.End, each.End) };
                continue;
            }

            if (open is { } done)
                yield return done;
            open = each;
        }

        if (open is { } last)
            yield return last;
    }
}
