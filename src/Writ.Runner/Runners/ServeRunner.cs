using Writ.Proof;
using Writ.Proof.Runners;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runs;
using Writ.Runner.Sandboxes;
using Writ.Runner.Secrets;

namespace Writ.Runner.Runners;

/// <summary><c>writ-runner serve</c>: says what it can hold, then obeys orders until stopped. Runs outlive it.</summary>
internal static class ServeRunner
{
    public static async Task Run(DataFolder data, TextWriter output, TimeProvider time, CancellationToken stop)
    {
        var config = RunnerConfig.Read(data.Config);
        var identity = RunnerIdentity.Read(data);
        using var held = data.Lock();
        void Say(string line)
        {
            lock (output)
            {
                output.WriteLine(line);
                output.Flush();
            }
        }

        Say($"writ-runner {Program.Version}: {identity.Name} ({identity.Runner}), server {config.Server}");
        SayFeatures(config, data, Say);
        var cgroups = RaiseCgroups(config, Say);
        var protections = ProtectionsOf(config, cgroups);
        Say($"protections: {string.Join(", ", protections)}");
        var inventory = new InventoryReader(config, data.Roots, protections, Say);
        foreach (var tool in inventory.Current.Tools)
            Say($"tool: {tool.Name} {tool.Version}, {tool.Path}");

        using var journal = new Journal(data.Journal, time);
        journal.Write("serving", detail: $"writ-runner {Program.Version}, inventory {inventory.Current.Digest()}");
        using var nonces = new NonceStore(data.Nonces, UnixMicroseconds.From(time.GetUtcNow()));
        var signer = new ReceiptSigner(identity.Runner, ReceiptSigner.Seed(data));
        var link = new ServerLink(data, config, identity, signer.PublicKey, time, Say);
        using var book = new RunBook(data, journal, time, link.Wake, signer);
        foreach (var run in book.All)
            Say($"taken up: {run.Run}, {(run.End is null ? "running" : "ended, to be told")}");
        ToolRoot.Prune(data.Roots, book.All.Select(run => run.Spec?.Root).OfType<string>().Concat(inventory.Roots).ToHashSet(StringComparer.Ordinal));
        using var fences = RaiseFences(config, identity, book, time, Say);
        var secrets = new SecretStore(config, time);
        book.Use(secrets);
        var incoming = new IncomingFiles(link.Fetch, time);
        var desk = new OrderDesk(config, () => link.Identity, inventory, nonces, book, incoming, fences, cgroups, journal, time, () => link.Distrust, link.Tell);
        using var names = new NameLookup(config, link.Tell);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var leases = new LeaseKeeper(() => book.All, secrets.Renew, journal, time).Run(over.Token);
        try
        {
            await link.Run(book, desk, inventory, names, stop);
        }
        finally
        {
            await over.CancelAsync();
            await leases;
        }

        Say("stopped; runs go on under their supervisors");
    }

    /// <summary>One line for each thing that holds a run; fails where a run could not be held at all.</summary>
    private static void SayFeatures(RunnerConfig config, DataFolder data, Action<string> say)
    {
        if (!File.Exists(Sandbox.Program))
            throw new RunnerException($"there is no {Sandbox.Program}: no sandbox, so nothing is run", "apt-get install bubblewrap");
        if (SandboxTrial.Look(config, data.Roots) is { } weak)
            throw new RunnerException($"the sandbox does not hold a run: {weak}");
        var root = Libc.geteuid() == 0;
        say($"sandbox: bubblewrap, a root for each tool, {(root ? $"a user of {config.RunUsers} for each run" : "this very user")}, seccomp, {config.Limits}");
        say(root ? "raw packets: yes" : "raw packets: no, as this is not root; only connect scans work");
        if (config.NetworkNamespace is { } name)
        {
            if (!File.Exists(NetworkNamespace.PathOf(name)))
                throw new RunnerException($"there is no network namespace {name}", $"ip netns add {name}, or change network_namespace in {RunnerConfig.FileName}");
            if (!root)
                throw new RunnerException($"the network namespace {name} cannot be entered without root", "run as root");
        }

        say($"network namespace: {config.NetworkNamespace ?? "the host's own"}");
        var ceiling = config.CeilingScope();
        say(ceiling.Addresses.IsEmpty
            ? "ceiling: nothing, so every order will be refused; runner.json sets it"
            : $"ceiling: {ceiling.Addresses} tcp {ceiling.Tcp} udp {ceiling.Udp} sctp {ceiling.Sctp} icmp {(ceiling.Icmp ? "yes" : "no")}");
    }

    /// <summary>The protections of this runner: those of the sandbox were seen, and one that cannot raise its fence does not start.</summary>
    private static List<string> ProtectionsOf(RunnerConfig config, string? cgroups)
    {
        var found = new List<string>();
        // Without a pool runs have whatever address the uplink has at their start.
        var pool = config.PoolAddresses();
        if (config.HasFence && (pool.IsEmpty || pool.Ranges.Any(range => range.First.IsV4)))
            found.Add(Protections.FenceV4);
        if (config.HasFence && (pool.IsEmpty || pool.Ranges.Any(range => !range.First.IsV4)))
            found.Add(Protections.FenceV6);
        if (Libc.geteuid() == 0)
            found.Add(Protections.Sandbox);
        found.Add(Protections.Seccomp);
        if (cgroups is not null)
            found.Add(Protections.Cgroup);
        return found;
    }

    /// <summary>Where the cgroups of runs go, where one could be made and entered just now; null for none.</summary>
    private static string? RaiseCgroups(RunnerConfig config, Action<string> say)
    {
        if (CgroupHome.Raise(out var why) is { } home)
        {
            try
            {
                using var trial = RunCgroup.Make(home, "run_trial", CgroupHome.Current() ?? home, config.Limits);
                trial.Inside(() => true);
                say($"cgroup: {home}; memory and processes are counted for each run as a whole");
                return home;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                why = failed.Message;
            }
        }

        say($"cgroup: none, as {why}; limits hold for each process of a run");
        return null;
    }

    private static FencePool? RaiseFences(RunnerConfig config, RunnerIdentity identity, RunBook book, TimeProvider time, Action<string> say)
    {
        if (!config.HasFence)
        {
            say($"fence: none, as {RunnerConfig.FileName} wants it; the kernel does not hold the packets of runs");
            return null;
        }

        var builder = new NetdevFenceBuilder();
        var fences = new FencePool(builder, identity.Runner, config.NetworkNamespace, config.PoolAddresses(), config.PreparedFences, book.LivePlaces, time, say);
        book.Use(fences);
        say($"fence: {builder.Description}; {(config.PoolAddresses() is { IsEmpty: false } pool ? $"pool {pool}" : "no pool, so runs come from the uplink's own addresses")}");
        return fences;
    }
}
