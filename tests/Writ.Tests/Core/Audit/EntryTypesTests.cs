using Writ.Core.Audit;

namespace Writ.Tests.Core.Audit;

public class EntryTypesTests
{
    [Theory]
    [InlineData("run.ended", true)]
    [InlineData("run.*", true)]
    [InlineData("log.key-added", true)]
    [InlineData("run.end", false)]
    [InlineData("run", false)]
    [InlineData("run*", false)]
    [InlineData("*", false)]
    [InlineData(".*", false)]
    [InlineData("", false)]
    [InlineData("RUN.ended", false)]
    public void Choice_means_a_type_or_all_that_begin_alike(string choice, bool known) => EntryTypes.IsKnown(choice).ShouldBe(known);

    [Fact]
    public void Without_a_choice_every_type_goes_and_with_one_no_other()
    {
        EntryTypes.All.Count.ShouldBeGreaterThan(60);
        EntryTypes.All.ShouldAllBe(type => EntryTypes.Match(Array.Empty<string>(), type));
        EntryTypes.All.Where(type => EntryTypes.Match(["run.*", "grant.issued"], type)).ShouldBe(EntryTypes.All.Where(type => type.StartsWith("run.", StringComparison.Ordinal) || type == "grant.issued"));
    }
}
