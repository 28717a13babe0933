using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A run's results as they are kept.</summary>
/// <param name="Row">Their own row.</param>
/// <param name="Results">What was found.</param>
/// <param name="Targets">The addresses of the run's statement.</param>
internal sealed record StoredResults(ResultsRow Row, ScanResults Results, AddressSet Targets);

/// <summary>Reads results back, without their XML.</summary>
internal static class ResultsStore
{
    public static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new AddressText() },
    };

    /// <summary>There will be some in a moment.</summary>
    public static readonly Refusal Coming = new(ErrorCode.WrongState, "the results are on their way from the runner", "try again in a moment");

    /// <summary>The results of a run, or why there are none.</summary>
    public static async Task<Result<StoredResults>> Load(WritDb db, RunRow run, CancellationToken cancel)
    {
        if (await Deleted(db, run, cancel) is { } deleted)
            return deleted;
        if (await db.Results.AsNoTracking().SingleOrDefaultAsync(row => row.RunId == run.Id, cancel) is not { } row)
            return Missing(run);
        var ports = (await db.ResultPorts.AsNoTracking().Where(port => port.RunId == run.Id).ToListAsync(cancel)).ToLookup(port => Read(port.Address));
        var hosts = await db.ResultHosts.AsNoTracking().Where(host => host.RunId == run.Id).OrderBy(host => host.Address).ToListAsync(cancel);
        var results = JsonSerializer.Deserialize<ScanResults>(row.Content, Json)! with
        {
            Hosts = [.. hosts.Select(host => JsonSerializer.Deserialize<FoundHost>(host.Content, Json)!).Select(host => host with { Ports = [.. Ports(ports[host.Address])] })],
        };
        return new StoredResults(row, results, Targets(run));
    }

    /// <summary>That they were deleted, and under which retention; null where they were not.</summary>
    public static async Task<Refusal?> Deleted(WritDb db, RunRow run, CancellationToken cancel) =>
        await Deletions.Of(db, run.Id, RetentionKind.Results, cancel);

    /// <summary>Why there are none.</summary>
    public static Refusal Missing(RunRow run) =>
        RunStates.Live.Contains(run.State) ? new(ErrorCode.WrongState, "the run has not ended yet", $"writ watch {run.Id}; writ show {run.Id} tells what it has found so far")
        : RunOutput.ReadResults(run) is { Sha256: not null } ? Coming
        : new(ErrorCode.NotFound, "the run has no results: its tool wrote none", $"writ replay {run.Id} shows what it said");

    private static IEnumerable<FoundPort> Ports(IEnumerable<ResultPortRow> rows) => rows
        .OrderBy(row => row.Protocol, StringComparer.Ordinal).ThenBy(row => row.Port)
        .Select(row => new FoundPort(row.Protocol, row.Port, row.State, row.Reason, row.Service, row.Product,
            row.Scripts is null ? [] : JsonSerializer.Deserialize<FoundScript[]>(row.Scripts, Json) ?? [], row.Said));

    private static AddressSet Targets(RunRow run) =>
        RunOrder.Read(run.OrderBytes) is { IsOk: true } order && Statement.Read(order.Value.Statement) is { IsOk: true } statement && statement.Value.Scope.Read() is { IsOk: true } scope
            ? scope.Value.Addresses : AddressSet.Empty;

    /// <summary>Whether the tool said that it has told all.</summary>
    public static bool IsComplete(ResultsRow row) => JsonSerializer.Deserialize<ScanResults>(row.Content, Json)!.Complete;

    /// <summary>An address as it is kept.</summary>
    public static Address Read(byte[] address) => new(BinaryPrimitives.ReadUInt128BigEndian(address));

    private sealed class AddressText : JsonConverter<Address>
    {
        public override Address Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Address.TryParse(reader.GetString() ?? "", out var address) ? address : throw new JsonException("no address");

        public override void Write(Utf8JsonWriter writer, Address value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
