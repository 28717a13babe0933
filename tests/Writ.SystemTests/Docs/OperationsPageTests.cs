using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Writ.SystemTests.Docs;

/// <summary>What <c>docs/operations.md</c> tells a person to type is typed here, exactly as it stands there.</summary>
public sealed partial class OperationsPageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task The_lines_from_nothing_to_a_first_run_work_as_they_stand()
    {
        var root = Path.GetDirectoryName(Dist)!;
        var page = await File.ReadAllTextAsync(Path.Combine(root, "docs/operations.md"), TestContext.Current.CancellationToken);
        var lines = FirstRun().Match(page);
        lines.Success.ShouldBeTrue("docs/operations.md has no block named first-run");

        // A network namespace of its own: the page's ports are free there, whoever uses them outside.
        var start = new ProcessStartInfo("unshare")
        {
            ArgumentList = { "--net", "bash", "-c", "ip link set lo up && exec bash -euo pipefail", "first-run" },
            WorkingDirectory = root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Dist}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["WRIT_LAB"] = Environment.GetEnvironmentVariable("WRIT_LAB_RUNNER_NETNS")?["writ-".Length..^"-runner".Length] ?? "test";
        foreach (var variable in new[] { "WRIT_SERVER", "WRIT_TOKEN", "WRIT_DATABASE" })
            start.Environment.Remove(variable);

        using var shell = Process.Start(start)!;
        await shell.StandardInput.WriteAsync(lines.Groups["lines"].Value);
        shell.StandardInput.Close();
        var said = shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var complained = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Longest);
        try
        {
            await shell.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
        }

        output.WriteLine(await said);
        output.WriteLine(await complained);
        shell.ExitCode.ShouldBe(0);
        var story = await said;
        story.ShouldContain("22/tcp open  ssh");
        story.ShouldContain("80/tcp open  http");
        foreach (var entry in new[] { "policy.applied", "runner.enrolled", "request.created", "decision.made", "grant.issued", "run.started", "run.ended" })
            story.ShouldContain(entry);
    }

    private static string Dist => Environment.GetEnvironmentVariable("WRIT_DIST") ?? throw new InvalidOperationException("WRIT_DIST names no dist/: run ./test");

    [GeneratedRegex("```sh first-run\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex FirstRun();
}
