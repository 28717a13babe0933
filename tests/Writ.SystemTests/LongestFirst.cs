using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Writ.SystemTests.LongestFirst))]
// Most of what runs beside other tests waits: for a scanner, for a kernel's timer, for a disk. What measures time runs alone.
[assembly: Parallelization(MaxThreads = 4)]

namespace Writ.SystemTests;

/// <summary>
/// What takes longest, for waiting most of it, begins first, so that the rest of the tests run beside it. What needs the processors
/// most, and no moment of its own, comes last.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] First = [nameof(Tools.NmapReachTests), EndToEnd.ApartOnSqliteCollection.Name, EndToEnd.ApartOnPostgresCollection.Name];

    private static readonly string[] Last = [nameof(Tools.NmapScriptDifferentialTests), nameof(Tools.NmapPortDifferentialTests), nameof(Tools.NmapOptionDifferentialTests), nameof(Tools.NmapTargetDifferentialTests), nameof(Tools.NmapFuzzTests)];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(collection => Place(collection.TestCollectionDisplayName))];

    private static int Place(string collection)
    {
        bool IsIt(string name) => collection.Contains(name, StringComparison.Ordinal);
        return Array.FindIndex(First, IsIt) is >= 0 and var at ? at : First.Length + 1 + Array.FindIndex(Last, IsIt);
    }
}
