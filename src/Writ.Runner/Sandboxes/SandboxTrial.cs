using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Sandboxes;

/// <summary>Runs something in a sandbox such as runs get, to see what it is like.</summary>
internal static class SandboxTrial
{
    private const string NetRaw = "2000";
    private const string Witness = "/usr/bin/cat";

    /// <summary>Executes a tool and waits for it.</summary>
    public static (int ExitCode, string Output, string Error) Run(RunnerConfig config, ToolRoot root, params string[] arguments) =>
        Run(config, root, raw: false, arguments);

    private static (int ExitCode, string Output, string Error) Run(RunnerConfig config, ToolRoot root, bool raw, params string[] arguments)
    {
        using var user = Libc.geteuid() == 0 ? RunUser.Take(config.RunUsers) : null;
        var placed = new Placement { Root = root.Path, Data = root.Data, Limits = config.Limits, User = user?.Id, RawSockets = raw };
        return Sandbox.Try(root.Program, placed, arguments);
    }

    /// <summary>What a process in there is, by the kernel's own words; null where all is as it should be.</summary>
    /// <exception cref="RunnerException">It cannot be raised at all; the message says why.</exception>
    public static string? Look(RunnerConfig config, string roots) =>
        Look(config, roots, raw: false) ?? (Libc.geteuid() == 0 ? Look(config, roots, raw: true) : null);

    private static string? Look(RunnerConfig config, string roots, bool raw)
    {
        var rights = raw ? NetRaw : "";
        var (exitCode, output, error) = Run(config, ToolRoot.Make(roots, Witness, []), raw, "/proc/self/status");
        if (exitCode != 0)
        {
            throw new RunnerException($"the sandbox cannot be raised: {InventoryReader.FirstLine(error)}", error.Contains("Permission denied", StringComparison.Ordinal)
                ? $"programs must be executable under {roots}: keep the data folder on a file system without noexec"
                : "run as root, or allow unprivileged user namespaces");
        }

        var facts = output.Split('\n').Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        return facts switch
        {
            _ when facts["CapEff"].TrimStart('0') != rights || facts["CapBnd"].TrimStart('0') != rights => "its capabilities are not those of the run",
            _ when facts["NoNewPrivs"] != "1" => "new privileges can be gained in it",
            _ when facts["Seccomp"] != "2" => "no filter of system calls is in force",
            _ when facts["Uid"].StartsWith('0') => "its user is root",
            _ => null,
        };
    }
}
