using System.Diagnostics;
using System.Globalization;

namespace Writ.SystemTests.Runner.Fences;

/// <summary>The two networks of the lab, and programs in them.</summary>
internal static class Lab
{
    private static int _slice;

    /// <summary>The namespace through which a runner reaches the company.</summary>
    public static string Uplink { get; } = Environment.GetEnvironmentVariable("WRIT_LAB_RUNNER_NETNS") is { Length: > 0 } name && File.Exists($"/run/netns/{name}")
        ? name
        : throw new InvalidOperationException("WRIT_LAB_RUNNER_NETNS names no network of a lab: run lab/up; ./test does so by itself");

    /// <summary>The company's.</summary>
    public static string Company { get; } = Uplink[..^"runner".Length] + "corp";

    /// <summary>Addresses for the runs of one runner that no other runner of these tests has.</summary>
    public static string[] Pool()
    {
        var slice = 1 + (Interlocked.Increment(ref _slice) % 250);
        return [$"10.99.{slice}.1-10.99.{slice}.254", $"fd99::{slice:x}:1-fd99::{slice:x}:ffff"];
    }

    /// <summary>Starts a program in a network namespace.</summary>
    public static Process Start(string space, params string[] command)
    {
        var start = new ProcessStartInfo("/usr/sbin/ip") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var word in (string[])["netns", "exec", space, .. command])
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }

    /// <summary>Runs a program in a network namespace to its end: what it printed.</summary>
    public static string Run(string space, params string[] command)
    {
        using var process = Start(space, command);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(30_000).ShouldBeTrue($"{command[0]} does not end");
        process.ExitCode.ShouldBe(0, string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', command)}: {error.Result}"));
        return output;
    }
}
