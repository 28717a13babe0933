using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Audit;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary><c>writ verify</c>: holds a proof file against a log's key. It asks no server.</summary>
internal static class VerifyFile
{
    public static Verb Verb(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "a .tlog-proof of writ audit prove", HelpName = "FILE" };
        var key = Shared.Text("--key", "the log's public key; without it WRIT_LOG_KEY, or what this computer knows of the log", "KEY");
        var witnesses = new Option<string[]>("--witness") { Description = "a witness's public key; may be given several times", HelpName = "KEY" };
        var quorum = Shared.Count("--quorum", "how many of the witnesses must have cosigned; all of them unless told");
        return new Verb("verify", "Verify a proof, offline",
            "writ verify entry17.tlog-proof --key writ.example.com/log+0123abcd+AQ…").With(file, key, witnesses, quorum).Does((parse, _) =>
        {
            var path = parse.GetRequiredValue(file);
            var read = LogProof.Parse(Encoding.UTF8.GetString(File.ReadAllBytes(path)));
            if (!read.IsOk)
                throw new Stop(ExitCode.Failed, $"{path}: {read.Refusal.Message}", read.Refusal.Hint);
            var proof = read.Value;
            if (proof.Extra is not { } entry)
                throw new Stop(ExitCode.Failed, $"{path} proves an entry that is not in it", "writ audit prove writes files that hold their entry");
            var keys = KeysFor(context, parse.GetValue(key), proof.Note);
            var held = proof.Verify(entry, keys);
            if (!held.IsOk)
                throw new Stop(ExitCode.Failed, $"{path}: {held.Refusal.Message}", held.Refusal.Hint);
            Cosigners.Require(context, held.Value, LogContact.Parse(parse.GetValue(witnesses) ?? []), parse.GetValue(quorum));
            context.Terminal.Print(string.Create(CultureInfo.InvariantCulture,
                $"verified: entry {proof.Index} of {Printable.Line(held.Value.Head.Origin)}, which had {held.Value.Head.Size} entries then"));
            context.Terminal.Print(Printable.Line(Text(context, proof.Index, entry)));
            return Task.FromResult(ExitCode.Ok);
        });
    }

    /// <summary>The keys of the log that a checkpoint names, from where the caller said, or from what is known here.</summary>
    internal static IReadOnlyList<NoteKey> KeysFor(CliContext context, string? key, string note)
    {
        if ((key ?? context.Variable("WRIT_LOG_KEY")) is { } pinned)
            return LogContact.Parse([pinned]);
        var origin = note.Split('\n')[0];
        var known = LogMemory.Of(context)?.KeysOf(origin) ?? [];
        return known.Count > 0 ? LogContact.Parse(known)
            : throw Stop.Usage($"the log {Printable.Line(origin)} is not known on this computer", "--key names its public key; its operator has it from writ-server log-key show");
    }

    private static string Text(CliContext context, long position, byte[] bytes)
    {
        try
        {
            var entry = new AuditEntryView(position, JsonDocument.Parse(bytes).RootElement);
            return $"{EntryText.Time(entry, context.Now)}  {EntryText.Type(entry)}  {EntryText.Actor(entry)}  {EntryText.Rest(entry)}";
        }
        catch (JsonException)
        {
            return Encoding.UTF8.GetString(bytes);
        }
    }
}
