using CsCheck;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>
/// What is drawn to be held against a program that is not ours: the same in each run of the tests, so that a red one tells of a
/// change and not of luck; drawn anew by each campaign (WRIT_TEST_SCALE above 1), which is where new differences are looked for.
/// </summary>
internal static class Draws
{
    public static IReadOnlyList<T> Of<T>(Gen<T> gen, int atOne)
    {
        var random = TestScale.IsCampaign ? PCG.Parse(Check.Single(Gen.Seed)) : new PCG(1, 1);
        return [.. Enumerable.Range(0, TestScale.Times(atOne)).Select(_ => gen.Generate(random, null, out var _))];
    }

    /// <summary>As many at a time as programs run beside each other.</summary>
    public static void Each<T>(IEnumerable<T> drawn, Action<T> check) => Parallel.ForEach(drawn, new ParallelOptions { MaxDegreeOfParallelism = 2 }, check);
}
