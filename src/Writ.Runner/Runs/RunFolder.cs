using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.Runner.Results;
using Writ.Runner.Sandboxes;

namespace Writ.Runner.Runs;

/// <summary>
/// A run's folder, all that daemon and supervisor share: either may die and the other goes on from here.
/// </summary>
internal sealed class RunFolder(string path)
{
    public string Path { get; } = path;
    public string Run => System.IO.Path.GetFileName(Path);

    /// <summary>The signed order's bytes, as they came.</summary>
    public string Order => At("order");
    /// <summary>What the supervisor is told.</summary>
    public string Spec => At("run.json");
    /// <summary>Who supervises.</summary>
    public string Mark => At(MarkName);
    public const string MarkName = "supervisor";
    /// <summary>That the tool was executed.</summary>
    public string Started => At("started");
    /// <summary>The recording, growing.</summary>
    public string Recording => At("recording");
    /// <summary>The files that the sandbox shows under /in.</summary>
    public string In => At("in");
    /// <summary>Where the supervisor mounts what the sandbox shows as /out; only it sees that mount.</summary>
    public string Out => At("out");
    /// <summary>Where the supervisor mounts what the sandbox shows as /tmp.</summary>
    public string Scratch => At("tmp");
    /// <summary>Where the supervisor mounts the scripts that the sandbox shows in the place of the tool's own.</summary>
    public string Scripts => At("scripts");
    /// <summary>Where the supervisor mounts the secrets that are files; only it sees that mount.</summary>
    public string Secrets => At("secrets");
    /// <summary>What was found there at the end, until the server holds it.</summary>
    public string Outputs => At("outputs");
    /// <summary>What the fence has refused so far.</summary>
    public string Refused => At(RefusedName);
    public const string RefusedName = "refused";
    /// <summary>What the tool has found so far.</summary>
    public string Results => At(ResultsName);
    public const string ResultsName = "results";
    /// <summary>The bytes that came through the pipe, as the tool wrote them.</summary>
    public string ResultsCopy => At("results.xml");
    /// <summary>The folder that the sandbox shows as /live.</summary>
    public string Live => At("live");
    /// <summary>The pipe in it.</summary>
    public string ResultsPipe => System.IO.Path.Combine(Live, "xml");
    /// <summary>How it ended.</summary>
    public string End => At("end");
    /// <summary>What the supervisor itself had to say; empty when all is well.</summary>
    public string Log => At("supervisor.log");
    /// <summary>The supervisor's control socket.</summary>
    public const string ControlName = "control";

    private string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Where the bytes of a file lie that is handed back, by its path in the sandbox.</summary>
    public string HandedBack(string output) =>
        output == SandboxTerms.Live ? ResultsCopy : System.IO.Path.Combine(Outputs, output[SandboxTerms.Out.Length..]);

    public RunSpec? ReadSpec() => Read(Spec, RunnerJson.Default.RunSpec);
    public SupervisorMark? ReadMark() => Read(Mark, RunnerJson.Default.SupervisorMark);
    public StartRecord? ReadStarted() => Read(Started, RunnerJson.Default.StartRecord);
    public RefusedReport? ReadRefused() => Read(Refused, RunnerJson.Default.RefusedReport);
    public ResultsReport? ReadResults() => Read(Results, RunnerJson.Default.ResultsReport);
    public EndRecord? ReadEnd() => Read(End, RunnerJson.Default.EndRecord);

    private static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Holds the run's supervisor if it lives.</summary>
    public ChildProcess? OpenSupervisor()
    {
        if (ReadMark() is not { } mark || mark.BootId != ProcessTable.BootId() || ChildProcess.Open(mark.Pid) is not { } process)
            return null;
        // The number may have come to mean another process; the start time has not.
        if (ProcessTable.StartOf(mark.Pid) == mark.Start && !process.WaitGone(0))
            return process;
        process.Dispose();
        return null;
    }

    /// <summary>
    /// The end of a run whose supervisor died without a word: bubblewrap ends the tree with its parent, and this waits
    /// until the namespace is seen empty.
    /// </summary>
    public EndRecord WriteLostEnd(RunSpec? spec, string detail, TimeProvider time)
    {
        var pidNamespace = 0L;
        if (ReadStarted() is { } start)
        {
            // The kernel lets the namespace's first process go only when all others in it are gone.
            using (var init = ChildProcess.Open(start.InitPid))
            {
                if (init is not null && ProcessTable.IsInNamespace(start.InitPid, start.PidNamespace))
                    init.WaitGone(1_000);
            }

            pidNamespace = start.PidNamespace;
        }

        var cgroup = spec?.Cgroups is { } cgroups ? System.IO.Path.Combine(cgroups, Run) : null;
        var left = ProcessTable.CountOf(pidNamespace, spec?.Place is { } held ? NetworkNamespace.NumberOf(held.Name) : 0, user: 0, RunCgroup.ProcessesOf(cgroup));
        if (cgroup is not null)
            CgroupHome.Remove(cgroup);
        var (bytes, digest) = Digest(Recording);
        var end = new EndRecord
        {
            Cause = Cause.SupervisorLost,
            Detail = detail,
            At = Proof.UnixMicroseconds.From(time.GetUtcNow()),
            ProcessesLeft = left,
            RecordingBytes = bytes,
            RecordingSha256 = digest,
            Deadline = spec?.Deadline ?? 0,
            Outputs = spec?.Live?.Path == SandboxTerms.Live ? LostResults() : [],
            Fence = spec?.Place is { } place ? NetdevFence.CloseAndRead(place, spec.ZoneCells()) : null,
        };
        try
        {
            Durable.Write(End, JsonSerializer.SerializeToUtf8Bytes(end, RunnerJson.Default.EndRecord));
        }
        catch (IOException)
        {
            // A full disk: the end is told from memory, and found out again after a restart.
        }

        return end;
    }

    // Its writer is gone with the supervisor: what is there is all, and may lack its end.
    private IReadOnlyList<OutputRecord> LostResults()
    {
        var (bytes, digest) = Digest(ResultsCopy);
        return bytes > 0 ? [new(SandboxTerms.Live, bytes, digest, Cut: true)] : [];
    }

    private static (long Bytes, string Digest) Digest(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var digest = SHA256.HashData(file);
            return (file.Length, Convert.ToHexStringLower(digest));
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return (0, Convert.ToHexStringLower(SHA256.HashData([])));
        }
    }
}
