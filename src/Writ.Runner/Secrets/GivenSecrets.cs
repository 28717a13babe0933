using System.Buffers.Binary;
using System.Security.Cryptography;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Runner.Secrets;

/// <summary>A secret that a run is given.</summary>
/// <param name="Terms">Which it is, and where the tool finds it.</param>
/// <param name="Value">What it is.</param>
/// <param name="User">The name of the user that comes with it, or null.</param>
internal sealed record GivenSecret(RunSecret Terms, SecretBytes Value, SecretBytes? User) : IDisposable
{
    /// <summary>The variables that the tool finds it in.</summary>
    public IEnumerable<(string Name, SecretBytes Value)> Variables()
    {
        if (Terms.Environment is { } variable)
            yield return (variable, Value);
        if (Terms.UserEnvironment is { } user && User is not null)
            yield return (user, User);
    }

    public void Dispose()
    {
        Value.Dispose();
        User?.Dispose();
    }
}

/// <summary>
/// The secrets of one run on their way from the daemon, which fetched them, to its supervisor: memory without a name, handed over as a
/// descriptor. They are in no file, no argument and no environment outside the sandbox.
/// </summary>
internal sealed class GivenSecrets(IReadOnlyList<GivenSecret> all) : IDisposable
{
    /// <summary>The supervisor's descriptor of them.</summary>
    public const int Descriptor = 3;

    /// <summary>None.</summary>
    public static GivenSecrets None => new([]);

    /// <summary>All of them, in the statement's order.</summary>
    public IReadOnlyList<GivenSecret> All => all;

    /// <summary>What is known of them without knowing them.</summary>
    public IReadOnlyList<RunSecret> Terms => [.. all.Select(secret => secret.Terms)];

    /// <summary>Writes them into memory that can be handed over.</summary>
    public MemoryFile ToMemory()
    {
        SecretBytes?[] parts = [.. all.SelectMany(secret => new[] { secret.Value, secret.User })];
        var bytes = GC.AllocateUninitializedArray<byte>(parts.Sum(part => 4 + (part?.Span.Length ?? 0)), pinned: true);
        var at = 0;
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), part?.Span.Length ?? -1);
            part?.Span.CopyTo(bytes.AsSpan(at + 4));
            at += 4 + (part?.Span.Length ?? 0);
        }

        try
        {
            return MemoryFile.Of("secrets", bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Takes them out of the memory that was handed over, which is closed.</summary>
    /// <exception cref="RunnerException">They did not come.</exception>
    public static GivenSecrets Take(IReadOnlyList<RunSecret> terms)
    {
        if (terms.Count == 0)
            return None;
        using var memory = MemoryFile.HandedOver(Descriptor);
        return Read(memory, terms);
    }

    /// <summary>What <see cref="ToMemory"/> wrote.</summary>
    /// <exception cref="RunnerException">It is not that.</exception>
    public static GivenSecrets Read(MemoryFile memory, IReadOnlyList<RunSecret> terms)
    {
        var bytes = memory.ReadAll();
        try
        {
            var (at, given) = (0, new List<GivenSecret>());
            foreach (var each in terms)
                given.Add(new(each, Next() ?? throw Missing(), Next()));
            return new(given);

            SecretBytes? Next()
            {
                if (at + 4 > bytes.Length)
                    throw Missing();
                var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
                at += 4;
                if (length < 0)
                    return null;
                if (length > bytes.Length - at)
                    throw Missing();
                var part = SecretBytes.Of(bytes.AsSpan(at, length));
                at += length;
                return part;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static RunnerException Missing() => new("the run's secrets did not come");

    public void Dispose()
    {
        foreach (var secret in all)
            secret.Dispose();
    }
}
