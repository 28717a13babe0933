using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Proof.Errors;

namespace Writ.Server.Agents;

/// <summary>
/// Before something is asked in somebody's name, their client shows it to them, where it can (elicitation): a model may have misread its
/// person, or read a stranger's words. What they say here is whether it is asked, and never whether it is allowed.
/// <list type="number">
/// <item>The call is answered with what is about to be asked, and with a sealed note of it: who, what, when, and a number.</item>
/// <item>The client asks its person and calls again, with the note and the answer; any server reads it.</item>
/// <item>The note must be of this caller, of the last ten minutes, and of exactly what is asked now; else they are asked anew.</item>
/// <item>A yes asks under the note's number, so that the same yes twice is one request. Anything else asks for nothing.</item>
/// </list>
/// </summary>
internal sealed class AgentConfirmation(IDataProtectionProvider seals, TimeProvider time)
{
    private const string Name = "confirm";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);
    private readonly IDataProtector _seal = seals.CreateProtector("agents.confirmation");

    /// <summary>Whether the client can ask its person, as it says of itself in each call.</summary>
    public static bool IsThere(McpServer server) => server.IsMrtrSupported && server.ClientCapabilities?.Elicitation?.Form is not null;

    /// <returns>The number under which to ask.</returns>
    /// <exception cref="InputRequiredException">The person is to be asked first.</exception>
    public Result<string> Of(Caller caller, CallToolRequestParams call, AskForAccess ask, ExplainView found)
    {
        var shown = Show(ask, found);
        if (call.RequestState is { } note && call.InputResponses?.TryGetValue(Name, out var answer) is true)
        {
            if (Read(note, caller, shown) is not { } number)
                throw Asked(caller, shown); // 3
            return IsYes(answer)
                ? number // 4
                : new Refusal(ErrorCode.NotConfirmed, "the one in whose name it would be asked did not confirm it; nothing was asked", "ask them what they want before you call again");
        }

        throw Asked(caller, shown); // 1
    }

    private static bool IsYes(InputResponse? answer)
    {
        try
        {
            return answer?.Deserialize(InputResponse.ElicitResultJsonTypeInfo) is { IsAccepted: true, Content: { } content } && content.TryGetValue(Name, out var yes) && yes.ValueKind == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private InputRequiredException Asked(Caller caller, string shown)
    {
        var number = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var note = _seal.Protect(string.Create(CultureInfo.InvariantCulture, $"{caller.Id} {time.GetUtcNow().ToUnixTimeSeconds()} {number} {Digest(shown)}"));
        return new(new Dictionary<string, InputRequest>
        {
            [Name] = InputRequest.ForElicitation(new()
            {
                Message = shown,
                RequestedSchema = new()
                {
                    Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition>
                    {
                        [Name] = new ElicitRequestParams.BooleanSchema { Title = "Ask for this in my name", Default = false },
                    },
                    Required = [Name],
                },
            }),
        }, note);
    }

    private string? Read(string note, Caller caller, string shown)
    {
        try
        {
            return _seal.Unprotect(note).Split(' ') is [var who, var at, var number, var digest] && who == caller.Id.ToString() && digest == Digest(shown)
                && time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(long.Parse(at, CultureInfo.InvariantCulture)) < Life
                ? number : null;
        }
        catch (Exception foreign) when (foreign is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private static string Digest(string shown) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(shown)));

    /// <summary>All that is asked, a line each; what a model wrote cannot look like a line of ours.</summary>
    private static string Show(AskForAccess ask, ExplainView found)
    {
        string?[] lines =
        [
            "An agent is about to ask for this in your name.",
            $"command: {Argv(found.Command)}",
            ask.Template is { } template ? $"template: {Text(template.Name)}" : null,
            found.Plan.Argv.SequenceEqual(found.Command) ? null : $"executed: {Argv(found.Plan.Argv)}",
            $"hosts: {found.Plan.TargetCount}: {string.Join(", ", found.Plan.Targets.Take(50).Select(Word))}{(found.Plan.Targets.Count > 50 ? ", …" : "")}",
            string.Create(CultureInfo.InvariantCulture, $"for: {found.DurationSeconds / 60:0.#} minutes, {(found.Uses == 1 ? "one run" : $"{found.Uses} runs")}"),
            $"reason: {Text(ask.Reason ?? "")}",
            ask.Ticket is { } ticket ? $"ticket: {Text(ticket)}" : null,
            $"policy: {found.Evaluation.Verdict switch { "allow" => "allows it at once", "require-approval" => "a person decides on it elsewhere", _ => "denies it" }}",
            "Your yes asks for it. It approves nothing.",
        ];
        return string.Join('\n', lines.Where(line => line is not null));
    }

    private static string Argv(IReadOnlyList<string> argv) => string.Join(' ', argv.Select(Word));

    private static string Word(string word) => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:,=@%+*".Contains(letter, StringComparison.Ordinal)) ? word : Text(word);

    private static string Text(string text) => $"\"{JavaScriptEncoder.Default.Encode(text)}\"";
}
