using System.Runtime.InteropServices;
using System.Text;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Tests.Proof.Orders;

namespace Writ.Tests.Core.Tools.Nmap;

/// <summary>A list as long as the server takes one. Runs alone, as it is about time.</summary>
[Collection(AloneCollection.Name)]
public class NmapLargeListTests
{
    [Theory]
    // A list scan sends nothing, so no fence has to hold it.
    [InlineData("nmap -sL -iL hosts.txt", null)]
    [InlineData("nmap -sT -p 80 -iL hosts.txt", ErrorCode.TooLarge)]
    public void List_of_a_hundred_thousand_targets_is_taken_or_refused_within_a_second(string line, string? refusal)
    {
        var list = string.Join('\n', Enumerable.Range(0, 100_000).Select(i => $"10.{i / 32_768}.{i / 128 % 256}.{i % 128 * 2}"));
        var context = new PlanContext(NmapToolTests.Inventory)
        {
            Names = new Dictionary<string, IReadOnlyList<Address>>(),
            Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["hosts.txt"] = Encoding.Latin1.GetBytes(list) },
        };
        // Of this thread's own time, as others want the machine too; the first time much of it goes to the compiler.
        var took = new List<TimeSpan>();
        for (var i = 0; i < 3; i++)
        {
            var begun = OwnTime();
            var plan = new NmapTool().Plan(line.Split(' '), context).Value;
            var wrong = SandboxTerms.Wrong(OrderSamples.WithFiles with { Scope = ScopeText.Of(plan.Scope) });
            took.Add(OwnTime() - begun);
            (wrong?.Code).ShouldBe(refusal);
            plan.Targets.Ranges.Count.ShouldBe(100_000);
        }

        took.Min().ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    private static TimeSpan OwnTime()
    {
        ClockGetTime(3 /* CLOCK_THREAD_CPUTIME_ID */, out var time).ShouldBe(0);
        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1_000.0);
    }

    private record struct TimeSpec(long Seconds, long Nanoseconds);

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockGetTime(int clock, out TimeSpec time);
}

/// <summary>For tests that measure time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
