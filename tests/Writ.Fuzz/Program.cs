using System.Globalization;
using System.Runtime.CompilerServices;
using SharpFuzz;

namespace Writ.Fuzz;

/// <summary>
/// Coverage-guided fuzzing of the Nmap parser: <c>Writ.Fuzz SECONDS [SEED] [--plant]</c>. Ends with 1 and the input when a plan throws, takes
/// over five seconds or 512 MB, or when its canonical argv does not read as the same plan. <c>--plant</c> makes every accepted command such a defect.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Length == 0 || !double.TryParse(args[0], CultureInfo.InvariantCulture, out var seconds))
        {
            Console.Error.WriteLine("usage: Writ.Fuzz SECONDS [SEED] [--plant]");
            return 2;
        }

        // Writ.Core beside this program is a copy of its own; it must carry its counters before the first type of it is loaded.
        try
        {
            Fuzzer.Instrument(Path.Combine(AppContext.BaseDirectory, "Writ.Core.dll"), name => name.StartsWith("Writ.Core.Tools", StringComparison.Ordinal), Options.Value);
        }
        catch (InstrumentationException already) when (already.Message.Contains("already", StringComparison.Ordinal))
        {
            Console.Error.WriteLine("Writ.Core is instrumented already");
        }

        return Run(seconds, args.Length > 1 && int.TryParse(args[1], CultureInfo.InvariantCulture, out var seed) ? seed : 1, args.Contains("--plant"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(double seconds, int seed, bool plant) =>
        new Campaign(() => new NmapHarness(plant), seed).Run(TimeSpan.FromSeconds(seconds), Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "seeds")));
}
