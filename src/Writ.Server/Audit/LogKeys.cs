using Writ.Proof.Log;

namespace Writ.Server.Audit;

/// <summary>
/// The keys that sign the log's checkpoints: <c>keys/log.keys</c> of the data folder, one private key a line. The first
/// one is the newest; a checkpoint carries a signature of each, so that whoever knows one of them goes on verifying while
/// a key is replaced.
/// </summary>
internal sealed class LogKeys
{
    private const string FileName = "log.keys";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private LogKeys(IReadOnlyList<NoteSigner> signers) => Signers = signers;

    /// <summary>Newest first; all of one name, the log's origin.</summary>
    public IReadOnlyList<NoteSigner> Signers { get; }

    /// <summary>The log's name in its checkpoints, which is the name of its keys.</summary>
    public string Origin => Signers[0].Key.Name;

    /// <summary>The public halves.</summary>
    public IReadOnlyList<NoteKey> Public => [.. Signers.Select(signer => signer.Key)];

    /// <summary>True when a log can have this name.</summary>
    public static bool IsOrigin(string name) => NoteKey.IsName(name);

    /// <summary>Makes the first key. An origin that is not given is unique and says nothing about the server.</summary>
    public static void Create(string keyFolder, string? origin)
    {
        origin ??= $"writ.invalid/{System.Security.Cryptography.RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        Write(keyFolder, [NoteSigner.New(origin, NoteKeyKind.Ed25519)]);
    }

    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="FormatException">A key in it is damaged, or they are not of one log.</exception>
    public static LogKeys Load(string keyFolder)
    {
        var path = Path.Combine(keyFolder, FileName);
        var signers = new List<NoteSigner>();
        foreach (var line in File.ReadAllLines(path).Where(line => line.Length > 0))
        {
            var signer = NoteSigner.Parse(line);
            signers.Add(signer.IsOk ? signer.Value : throw new FormatException($"{path}: line {signers.Count + 1}: {signer.Refusal.Message}"));
        }

        if (signers.Count == 0 || signers.Any(signer => signer.Key.Kind != NoteKeyKind.Ed25519 || signer.Key.Name != signers[0].Key.Name))
            throw new FormatException($"{path}: it holds no keys of one log");
        return new(signers);
    }

    /// <summary>Puts a new key first; the others go on signing.</summary>
    public static NoteKey Add(string keyFolder)
    {
        var keys = Load(keyFolder);
        var added = NoteSigner.New(keys.Origin, NoteKeyKind.Ed25519);
        Write(keyFolder, [added, .. keys.Signers]);
        return added.Key;
    }

    /// <summary>Drops every key but the newest.</summary>
    public static IReadOnlyList<NoteKey> DropOld(string keyFolder)
    {
        var keys = Load(keyFolder);
        Write(keyFolder, keys.Signers.Take(1));
        return [.. keys.Public.Skip(1)];
    }

    /// <summary>The signed checkpoint of a head.</summary>
    public SignedNote Sign(Checkpoint head, DateTimeOffset now) => new(head.Text, [.. Signers.Select(signer => signer.Sign(head.Text, now))]);

    private static void Write(string keyFolder, IEnumerable<NoteSigner> signers) =>
        DurableFile.Replace(Path.Combine(keyFolder, FileName), string.Concat(signers.Select(signer => signer.Secret() + "\n")), Private);
}
