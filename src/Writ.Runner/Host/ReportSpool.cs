using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Writ.Proof;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>
/// Reports that wait for the server: the commands of this host write them, the daemon sends them and removes what the
/// server has. A file each, so that nothing is lost while the link is down and no daemon need run.
/// </summary>
internal sealed class ReportSpool(DataFolder data, Action<string> say)
{
    /// <summary>So many may wait; then the newest are dropped, as a host that floods must not fill the disk.</summary>
    private const int Most = 1_000;

    private readonly string _folder = data.Reports;

    /// <summary>Keeps a report; false where too many wait.</summary>
    public bool Add(TimeProvider time, IReadOnlyList<FoundRight>? rights, UnbrokeredExecution? execution)
    {
        Durable.Folder(_folder);
        if (Directory.EnumerateFiles(_folder).Take(Most).Count() == Most)
            return false;
        var report = new HostReport(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), UnixMicroseconds.From(time.GetUtcNow()), rights, execution);
        var name = string.Create(CultureInfo.InvariantCulture, $"{report.At:D20}-{report.Id}.json");
        Durable.Write(Path.Combine(_folder, name), JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.HostReport));
        return true;
    }

    /// <summary>What waits, the oldest first; a file that cannot be understood is set aside and said.</summary>
    public IEnumerable<HostReport> Waiting() => Files().Select(Read).OfType<HostReport>();

    /// <summary>The server has it.</summary>
    public void Remove(string id)
    {
        foreach (var path in Files().Where(path => path.EndsWith($"-{id}.json", StringComparison.Ordinal)).ToArray())
            File.Delete(path);
    }

    private string[] Files() => Directory.Exists(_folder) ? [.. Directory.EnumerateFiles(_folder, "*.json").Order(StringComparer.Ordinal)] : [];

    private HostReport? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RunnerJson.Default.HostReport);
        }
        catch (FileNotFoundException)
        {
            // The server has it by now.
            return null;
        }
        catch (JsonException bad)
        {
            File.Move(path, path + ".unreadable", overwrite: true);
            say($"{path} is no report and was set aside: {bad.Message.ReplaceLineEndings(" ")}");
            return null;
        }
    }
}
