using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Identity;

namespace Writ.Core.Audit;

/// <summary>Who an entry is about, as it stands in the entry.</summary>
/// <param name="Id">The actor's id, or null where nobody is known, for example before a sign-in.</param>
/// <param name="Name">The actor's name, or what was claimed.</param>
public sealed record AuditActor(ActorId? Id, string Name)
{
    /// <summary>Writ itself: sweeps, policy, what happens by time.</summary>
    public static AuditActor System { get; } = new(null, "writ");

    /// <summary>The person for whom a workload acts, or null.</summary>
    public AuditActor? OnBehalfOf { get; init; }
}

/// <summary>An event as the audit log keeps it.</summary>
/// <param name="Type">One of <see cref="AuditType"/>.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Correlation">The request whose story this belongs to, or null.</param>
/// <param name="Fields">The event's own fields; never a secret.</param>
/// <param name="SourceAddress">Where the call came from, or null.</param>
public sealed record AuditEvent(
    string Type,
    AuditActor Actor,
    RequestId? Correlation,
    JsonObject? Fields = null,
    string? SourceAddress = null)
{
    /// <summary>The most bytes of one entry (tlog-tiles: a bundle's length field has 16 bits).</summary>
    public const int MaxBytes = 65_535;

    /// <summary>Texts as a field of an entry.</summary>
    public static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The entry's bytes: one JSON object, UTF-8. They are made once and kept as bytes. Long values are cut so that an
    /// entry never passes <see cref="MaxBytes"/>; a cut is marked.
    /// </summary>
    /// <exception cref="ArgumentException">A field has the name of a part that every entry has.</exception>
    public byte[] ToBytes(DateTimeOffset time)
    {
        var entry = new JsonObject
        {
            ["time"] = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["type"] = Type,
            ["actor"] = Write(Actor),
        };
        if (Actor.OnBehalfOf is { } person)
            entry["on_behalf_of"] = Write(person);
        if (Correlation is { } request)
            entry["correlation"] = request.ToString();
        if (SourceAddress is not null)
            entry["source_address"] = SourceAddress;
        if (Fields is not null)
        {
            foreach (var (name, value) in Fields)
                entry.Add(name, value?.DeepClone());
        }

        var bytes = JsonSerializer.SerializeToUtf8Bytes(entry, Plain);
        return bytes.Length <= MaxBytes ? bytes : CutToSize(entry);
    }

    private static byte[] CutToSize(JsonObject entry)
    {
        // The largest fields go first; what went is named, with the digest of what it was.
        foreach (var (name, value) in entry.OrderByDescending(field => field.Value?.ToJsonString(Plain).Length ?? 0).ToArray())
        {
            var whole = JsonSerializer.SerializeToUtf8Bytes(value, Plain);
            entry[name] = new JsonObject
            {
                ["cut_bytes"] = whole.Length,
                ["sha256"] = Convert.ToHexStringLower(global::System.Security.Cryptography.SHA256.HashData(whole)),
            };
            var bytes = JsonSerializer.SerializeToUtf8Bytes(entry, Plain);
            if (bytes.Length <= MaxBytes)
                return bytes;
        }

        throw new InvalidOperationException("an audit entry cannot be cut to its size");
    }

    private static JsonObject Write(AuditActor actor)
    {
        var written = new JsonObject();
        if (actor.Id is { } id)
            written["id"] = id.ToString();
        written["name"] = actor.Name;
        return written;
    }
}
