using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Writ.Proof.Errors;
using Writ.Proof.Runs;
using Writ.Proof.Statements;

namespace Writ.Proof.Orders;

/// <summary>
/// Versioned, domain-separated bytes: one line that names what they are, then one JSON object. The line is part of what
/// is signed or digested, so bytes of one kind are never taken for another.
/// </summary>
internal static class DomainBytes
{
    public static byte[] Write<T>(string domain, T value, JsonTypeInfo<T> type) =>
        [.. Encoding.ASCII.GetBytes(domain), .. JsonSerializer.SerializeToUtf8Bytes(value, type)];

    /// <summary>True for bytes of this kind and version.</summary>
    public static bool Has(string domain, ReadOnlySpan<byte> bytes) => bytes.StartsWith(Encoding.ASCII.GetBytes(domain));

    public static Result<T> Read<T>(string domain, ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        var kind = domain.TrimEnd('\n');
        if (!Has(domain, bytes))
            return new Refusal(ErrorCode.InvalidInput, $"the bytes are no {kind}");
        try
        {
            return JsonSerializer.Deserialize(bytes[domain.Length..], type) is { } value
                ? value
                : new Refusal(ErrorCode.InvalidInput, $"the {kind} is empty");
        }
        catch (JsonException wrong)
        {
            return new Refusal(ErrorCode.InvalidInput, $"the {kind} is malformed at {wrong.Path ?? "$"}");
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Statement))]
[JsonSerializable(typeof(RunOrder))]
[JsonSerializable(typeof(KillReceipt))]
internal sealed partial class ProofJson : JsonSerializerContext;
