using System.Collections.Frozen;
using Writ.Core.Policy;
using Writ.Core.Tools;

namespace Writ.Tests.Core.Policy;

/// <summary>What a rule opens and a denial forbids of one facet, whatever the tool.</summary>
public class FacetTermTests
{
    private static readonly FacetDefinition Features = new("features", FacetKind.Words)
    {
        Noun = "feature", Known = ["os", "decoys", "plain"], ByNameOnly = ["decoys"], Free = ["plain"],
    };

    private static readonly FacetDefinition Scripts = new("scripts", FacetKind.Labelled)
    {
        Noun = "script", Known = ["safe", "broadcast", "dos", "file"], EachNeeded = ["broadcast"], ByNameOnly = ["file"],
    };

    private static NamedTerm Named(params string[] words) => new(
        words.Contains("any"), words.Where(word => word != "any" && !word.Contains('*')).ToFrozenSet(), [.. words.Where(word => word.Contains('*'))]);

    [Theory]
    [InlineData("os", "os", true)]
    [InlineData("any", "os", true)]
    [InlineData("any", "decoys", false)]
    [InlineData("any decoys", "decoys", true)]
    [InlineData("any decoys", "os", true)]
    [InlineData("decoys", "os", false)]
    [InlineData("", "plain", true)]
    [InlineData("any", "a word that is not known", false)]
    public void Opens_any_never_includes_words_that_must_be_named(string term, string word, bool opens) =>
        Named(term.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Opens(Features, word).ShouldBe(opens);

    [Theory]
    [InlineData("safe", "safe", true)]
    [InlineData("dos", "safe", false)]
    [InlineData("x-one", "dos broadcast file", true)]
    [InlineData("x-two", "safe", false)]
    [InlineData("x-*", "safe", true)]
    [InlineData("x-*", "", true)]
    [InlineData("y-*", "safe", false)]
    // a label that must be opened itself
    [InlineData("safe", "safe broadcast", false)]
    [InlineData("broadcast", "safe broadcast", true)]
    [InlineData("safe broadcast", "safe broadcast", true)]
    [InlineData("x-*", "safe broadcast", false)]
    [InlineData("x-* broadcast", "safe broadcast", true)]
    [InlineData("any", "safe broadcast", true)]
    // a label that must be named
    [InlineData("any", "file", false)]
    [InlineData("any file", "file", true)]
    [InlineData("safe", "safe file", false)]
    [InlineData("safe file", "safe file", true)]
    [InlineData("any", "", true)]
    [InlineData("", "", false)]
    public void Opens_thing_by_name_label_or_pattern(string term, string labels, bool opens)
    {
        var item = new FacetItem("x-one", labels.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Named(term.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Opens(Scripts, item).ShouldBe(opens);
        Named().Opens(Scripts, item with { Implied = true }).ShouldBeTrue("what brings it along opens it");
    }

    [Theory]
    [InlineData("safe", true)]
    [InlineData("x-*", true)]
    [InlineData("x-one", true)]
    [InlineData("any", true)]
    [InlineData("dos", false)]
    [InlineData("y-*", false)]
    public void Forbids_looks_at_names_labels_patterns_and_what_is_implied(string term, bool forbids)
    {
        var item = new FacetItem("x-one", ["safe", "file"], Implied: true);
        Named(term).Forbids(item).ShouldBe(forbids);
        (Named(term).Forbidden(Scripts, new FacetItems("scripts", [item])) is not null).ShouldBe(forbids);
    }

    [Fact]
    public void Any_in_a_denial_forbids_words_that_must_be_named_too() => Named("any").Forbids("decoys").ShouldBeTrue();
}
