using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Writ.SystemTests.LongestFirst))]

namespace Writ.SystemTests;

/// <summary>What takes longest, for waiting most of it, begins first, so that the rest of the tests run beside it.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest = [nameof(Tools.NmapReachTests), nameof(Tools.NmapScriptDifferentialTests)];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Array.FindIndex(Longest, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and var at ? at : Longest.Length)];
}
