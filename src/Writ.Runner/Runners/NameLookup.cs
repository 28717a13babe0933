using System.Text;
using Google.Protobuf;
using Writ.Contracts.Runners;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runners;

/// <summary>
/// Answers which addresses names have where this runner's tools run. The question is asked by a process of its own: a
/// resolver that hangs is given up on and holds nothing up.
/// </summary>
internal sealed class NameLookup(RunnerConfig config, Action<FromRunner> tell) : IDisposable
{
    private const int Patience = 5_000;
    private static readonly string[] Environment = ["RES_OPTIONS=timeout:1 attempts:2"];
    private readonly SemaphoreSlim _turns = new(4);

    /// <summary>Takes a question; the answer is told when it is there.</summary>
    public void Take(Resolve question) => _ = Task.Run(async () =>
    {
        await _turns.WaitAsync();
        try
        {
            tell(new() { Resolved = Answer(question) });
        }
        finally
        {
            _turns.Release();
        }
    });

    private Resolved Answer(Resolve question)
    {
        var answer = new Resolved { Id = question.Id };
        if (question.Names.Count > SandboxTerms.MostNames)
            answer.Failure = $"more than {SandboxTerms.MostNames} names at once";
        else if (question.Names.FirstOrDefault(name => !HostName.IsPlain(name)) is { } odd)
            answer.Failure = $"'{odd}' is no host name";
        if (answer.Failure.Length > 0)
            return answer;
        try
        {
            answer.Names.AddRange(Ask(question.Names, question.V6).Select(line => line.Split(' ')).Select(words => new ResolvedName
            {
                Name = words[0],
                Addresses = { words[1..].Take(SandboxTerms.MostAddresses).Select(ToBytes) },
            }));
            if (!answer.Names.Select(name => name.Name).SequenceEqual(question.Names))
                answer.Failure = "the runner's resolver gave another answer than was asked for";
        }
        catch (Exception failed) when (failed is IOException or FormatException)
        {
            answer.Failure = failed.Message;
        }

        if (answer.Failure.Length > 0)
            answer.Names.Clear();
        return answer;
    }

    private string[] Ask(IReadOnlyCollection<string> names, bool v6)
    {
        using var input = MemoryFile.Of("names", Encoding.ASCII.GetBytes(string.Join('\n', names) + "\n"));
        using var output = MemoryFile.Of("addresses", []);
        using var said = MemoryFile.Of("errors", []);
        List<string> arguments = ["writ-runner", "resolve", v6 ? "6" : "4"];
        if (config.NetworkNamespace is { } network)
            arguments.Add(network);
        using var child = ChildProcess.Start("/proc/self/exe", arguments, Environment, [input.Fd, output.Fd, said.Fd], session: true);
        if (!child.WaitGone(Patience))
        {
            child.Kill();
            child.WaitGone(1_000);
            child.TryReap();
            throw new IOException($"names were not resolved within {Patience / 1000} s");
        }

        if (child.TryReap() is not 0)
            throw new IOException($"names cannot be resolved here: {InventoryReader.FirstLine(Encoding.UTF8.GetString(said.ReadAll()))}");
        return Encoding.ASCII.GetString(output.ReadAll()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose() => _turns.Dispose();

    private static ByteString ToBytes(string text) =>
        Address.TryParse(text, out var address) ? UnsafeByteOperations.UnsafeWrap(address.ToBytes()) : throw new FormatException($"'{text}' is no address");
}
