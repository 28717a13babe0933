using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Server.Commands;

/// <summary>One command of the input.</summary>
/// <param name="Argv">The words, the tool's name first.</param>
/// <param name="Files">The contents of the files that it reads, by their paths in the argv.</param>
internal sealed record PlanLine(IReadOnlyList<string> Argv, IReadOnlyDictionary<string, string>? Files = null);

/// <summary>The shape of the input.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PlanLine))]
internal sealed partial class PlanJson : JsonSerializerContext;

/// <summary>Plans commands and writes what they mean.</summary>
internal sealed class PlanAnswers(ToolInventory inventory, bool resolve, Stream output) : IAsyncDisposable
{
    /// <summary>So many bytes are gathered before they are written.</summary>
    private const int Gathered = 256 << 10;

    private readonly ArrayBufferWriter<byte> _buffer = new(Gathered * 2);
    private readonly Dictionary<string, IReadOnlyList<Address>> _resolved = new(StringComparer.Ordinal);
    private Utf8JsonWriter? _json;

    /// <summary>Answers one line.</summary>
    public void Answer(JsonLine line)
    {
        var plan = Plan(line);
        var json = _json ??= new(_buffer);
        json.Reset(_buffer);
        json.WriteStartObject();
        json.WriteBoolean("ok", plan.IsOk);
        if (plan.IsOk)
            Write(json, plan.Value);
        else
            Write(json, plan.Refusal);
        json.WriteEndObject();
        json.Flush();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount > Gathered)
            WriteOut();
    }

    /// <summary>Writes what was gathered.</summary>
    public async Task Flush(CancellationToken cancel)
    {
        WriteOut();
        await output.FlushAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_json is not null)
            await _json.DisposeAsync();
    }

    private void WriteOut()
    {
        output.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    private Result<Plan> Plan(JsonLine line)
    {
        if (line.IsTooLong)
            return new Refusal(ErrorCode.TooLarge, $"line {line.Number} is longer than {JsonLines.MaxBytes >> 20} MB");
        PlanLine? read;
        try
        {
            read = JsonSerializer.Deserialize(line.Content.Span, PlanJson.Default.PlanLine);
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            read = null;
        }

        // Nullable annotations do not reach into lists.
        if (read is null || read.Argv.Any(word => word is null) || read.Files?.Values.Any(file => file is null) == true)
            return new Refusal(ErrorCode.InvalidInput, $"line {line.Number} is no command", """write {"argv":["nmap",…],"files":{"hosts.txt":"…"}}""");
        if (read.Argv.Count == 0 || ToolCatalogue.Box.Find(read.Argv[0]) is not { } tool)
            return new Refusal(ErrorCode.UnknownTool, $"line {line.Number} begins with no tool that is known", ToolCatalogue.Box.Hint(read.Argv.Count == 0 ? "" : read.Argv[0]));
        var context = new PlanContext(inventory)
        {
            Inputs = read.Files?.ToDictionary(file => file.Key, file => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(file.Value)) ?? [],
            Names = null,
        };
        if (!resolve)
            return tool.Plan(read.Argv, context);
        var needs = tool.Needs(read.Argv, context);
        return needs.IsOk ? tool.Plan(read.Argv, context with { Names = needs.Value.Names.ToDictionary(name => name, name => Resolved(name, needs.Value.V6)) }) : needs.Refusal;
    }

    private IReadOnlyList<Address> Resolved(string name, bool v6)
    {
        var key = v6 ? name + " 6" : name;
        if (_resolved.TryGetValue(key, out var known))
            return known;
        try
        {
            known = [.. Dns.GetHostAddresses(name, v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)
                .Select(found => Address.TryParse(found.ToString(), out var address) ? address : (Address?)null).OfType<Address>()];
        }
        catch (SocketException)
        {
            known = [];
        }

        return _resolved[key] = known;
    }

    private static void Write(Utf8JsonWriter json, Plan plan)
    {
        json.WriteStartArray("targets");
        foreach (var range in plan.Targets.Ranges)
            json.WriteStringValue(range.First == range.Last ? range.First.ToString() : $"{range.First}-{range.Last}");
        json.WriteEndArray();
        if (plan.Names.Count > 0)
        {
            json.WriteStartArray("names");
            foreach (var name in plan.Names)
                json.WriteStringValue(name.Name);
            json.WriteEndArray();
        }

        json.WriteStartObject("ports");
        json.WriteString("tcp", plan.Tcp.ToString());
        json.WriteString("udp", plan.Udp.ToString());
        if (!plan.Sctp.IsEmpty)
            json.WriteString("sctp", plan.Sctp.ToString());
        json.WriteEndObject();
        json.WriteStartArray("scripts");
        foreach (var script in plan.Scripts)
            json.WriteStringValue(script.Name);
        json.WriteEndArray();
        json.WriteStartArray("argv");
        foreach (var word in plan.Argv)
            json.WriteStringValue(word);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Refusal refusal)
    {
        json.WriteStartObject("error");
        json.WriteString("code", refusal.Code);
        json.WriteString("message", refusal.Message);
        json.WriteString("hint", refusal.Hint);
        json.WriteEndObject();
    }
}
