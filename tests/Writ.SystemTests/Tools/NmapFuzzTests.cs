using System.Diagnostics;
using System.Globalization;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Tools;

/// <summary>A short campaign of <c>tests/Writ.Fuzz</c>; WRIT_TEST_SCALE makes it longer.</summary>
public class NmapFuzzTests
{
    [Fact]
    public void Nmap_parser_holds_against_a_coverage_guided_campaign()
    {
        var (code, output) = Fuzz(TestScale.Times(8).ToString(CultureInfo.InvariantCulture), "1");
        code.ShouldBe(0, output);
        var reached = output.Split(", ")[^1].Split(' ')[0];
        int.Parse(reached, CultureInfo.InvariantCulture).ShouldBeGreaterThan(500, output);
    }

    [Fact]
    public void Campaign_finds_a_planted_defect()
    {
        var (code, output) = Fuzz("5", "1", "--plant");
        code.ShouldBe(1);
        output.ShouldContain("found: System.InvalidOperationException: planted");
        output.ShouldContain("input (base64): ");
    }

    private static (int Code, string Output) Fuzz(params string[] arguments)
    {
        // Each start gets a copy: the program changes the assembly that it tests.
        var folder = Directory.CreateTempSubdirectory("writ-fuzz-").FullName;
        try
        {
            var built = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Writ.Fuzz", "release"));
            foreach (var file in Directory.GetFiles(built, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(folder, Path.GetRelativePath(built, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
            start.ArgumentList.Add(Path.Combine(folder, "Writ.Fuzz.dll"));
            foreach (var argument in arguments)
                start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.GetAwaiter().GetResult());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
