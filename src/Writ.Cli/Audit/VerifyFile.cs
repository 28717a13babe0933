using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Audit;
using Writ.Proof;
using Writ.Proof.Log;
using Writ.Proof.Orders;

namespace Writ.Cli.Audit;

/// <summary><c>writ verify</c>: holds a proof or a receipt against a log's key. It asks no server.</summary>
internal static class VerifyFile
{
    public static Verb Verb(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "a receipt of writ receipt, or a .tlog-proof of writ audit prove", HelpName = "FILE" };
        var key = Shared.Text("--key", "the log's public key; without it WRIT_LOG_KEY, or what this computer knows of the log", "KEY");
        var witnesses = new Option<string[]>("--witness") { Description = "a witness's public key; may be given several times", HelpName = "KEY" };
        var quorum = Shared.Count("--quorum", "how many of the witnesses must have cosigned; all of them unless told");
        var extract = Shared.Text("--extract", "also write each entry's .tlog-proof into this folder, for tools that are not Writ's", "DIR");
        var came = new Option<string[]>("--file") { Description = "a file that came of the receipt's run: its recording (writ replay --raw), its results, or what it wrote; may be given several times", HelpName = "FILE" };
        return new Verb("verify", "Verify a receipt or a proof, offline",
            "writ verify scan.receipt --key writ.example.com/log+0123abcd+AQ…",
            "writ verify scan.receipt --file scan.recording").With(file, key, witnesses, quorum, extract, came).Does((parse, _) =>
        {
            var path = parse.GetRequiredValue(file);
            var files = parse.GetValue(came) ?? [];
            var bytes = File.ReadAllBytes(path);
            var cosigners = LogContact.Parse(parse.GetValue(witnesses) ?? []);
            if (Receipt.IsOne(bytes))
                VerifyReceipt(context, path, bytes, parse.GetValue(key), checkpoint => Cosigners.Require(context, [checkpoint], cosigners, parse.GetValue(quorum)), parse.GetValue(extract), files);
            else if (files.Length > 0)
                throw new Stop(ExitCode.Usage, "--file goes with a receipt: a proof tells of one entry alone");
            else
                VerifyProof(context, path, bytes, parse.GetValue(key), checkpoint => Cosigners.Require(context, [checkpoint], cosigners, parse.GetValue(quorum)));
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static void VerifyProof(CliContext context, string path, byte[] file, string? key, Action<SignedCheckpoint> cosigned)
    {
        var read = LogProof.Parse(Encoding.UTF8.GetString(file));
        if (!read.IsOk)
            throw new Stop(ExitCode.Failed, $"{path}: {read.Refusal.Message}", read.Refusal.Hint);
        var proof = read.Value;
        if (proof.Extra is not { } entry)
            throw new Stop(ExitCode.Failed, $"{path} proves an entry that is not in it", "writ audit prove writes files that hold their entry");
        var held = proof.Verify(entry, KeysFor(context, key, proof.Note));
        if (!held.IsOk)
            throw new Stop(ExitCode.Failed, $"{path}: {held.Refusal.Message}", held.Refusal.Hint);
        cosigned(held.Value);
        context.Terminal.Print(string.Create(CultureInfo.InvariantCulture,
            $"verified: entry {proof.Index} of {Printable.Line(held.Value.Head.Origin)}, which had {held.Value.Head.Size} entries then"));
        context.Terminal.Print(Text(context, entry));
    }

    private static void VerifyReceipt(CliContext context, string path, byte[] file, string? key, Action<SignedCheckpoint> cosigned, string? extract, string[] files)
    {
        var read = Receipt.Read(file);
        if (!read.IsOk)
            throw new Stop(ExitCode.Failed, $"{path}: {read.Refusal.Message}");
        var receipt = read.Value;
        var held = ReceiptCheck.Verify(receipt, KeysFor(context, key, receipt.Checkpoint));
        if (!held.IsOk)
            throw new Stop(ExitCode.Failed, $"{path}: {held.Refusal.Message}", held.Refusal.Hint);
        cosigned(held.Value);
        context.Terminal.Print(string.Create(CultureInfo.InvariantCulture,
            $"verified: {Printable.Line(receipt.Run)}, {receipt.Story.Count()} entries of {Printable.Line(held.Value.Head.Origin)}, which had {held.Value.Head.Size} entries then"));
        foreach (var entry in receipt.Entries)
            context.Terminal.Print(string.Create(CultureInfo.InvariantCulture, $"{entry.Index,6}  {Text(context, entry.Entry)}"));
        var keys = KeysFor(context, key, receipt.Checkpoint);
        PrintPasskeys(context, PasskeyApprovals.Of(receipt, keys));
        PrintExtensions(context, receipt, ReceiptExtensions.Of(receipt, keys));
        if (ReceiptCheck.IsBreakGlass(receipt))
            context.Terminal.Print(Printable.Line($"by break-glass: nobody was asked; {ReceiptCheck.Review(receipt) ?? "it was not reviewed when this receipt was written"}"));
        if (ReceiptCheck.ByPolicy(receipt) is { } rules)
            context.Terminal.Print(Printable.Line(rules));
        if (ReceiptCheck.SeriesOf(receipt) is { } series)
            context.Terminal.Print(Printable.Line($"a run of {series.Id}: {series.Cron} {series.TimeZone}, {series.Owner.Name} answers for it; what people decided on it stands in the order"));
        PrintEnd(context, receipt);
        Hold(context, ReceiptFiles.Of(receipt), files);
        if (extract is null)
            return;
        Directory.CreateDirectory(extract);
        foreach (var entry in receipt.Story)
        {
            var name = Path.Combine(extract, string.Create(CultureInfo.InvariantCulture, $"{entry.Index}.tlog-proof"));
            OutputFile.Write(context, name, Encoding.UTF8.GetBytes(receipt.ProofOf(entry).Value.ToString()));
        }
    }

    // Each file is one of those whose digests the run's end has.
    private static void Hold(CliContext context, IReadOnlyList<ReceiptFile> known, string[] files)
    {
        foreach (var path in files)
        {
            using var file = File.OpenRead(path);
            var digest = Convert.ToHexStringLower(SHA256.HashData(file));
            if (known.FirstOrDefault(one => one.Sha256 == digest) is not { } held)
                throw new Stop(ExitCode.Failed, $"{path} did not come of this run, or was changed since: no file of the run has the sha256 {digest}",
                    known.Count > 0 ? "the receipt knows " + string.Join(", ", known.Select(one => Printable.Line($"{one.What} ({one.Sha256})"))) : "the receipt knows no file");
            context.Terminal.Print(Printable.Line($"{path}: {held.What}, byte for byte"));
        }
    }

    private static void PrintPasskeys(CliContext context, IReadOnlyList<PasskeyApproval> approvals)
    {
        foreach (var approval in approvals)
        {
            context.Terminal.Print(Printable.Line($"approved by {approval.Name} ({approval.Person}) at {approval.Party.Origin} with passkey {approval.Passkey}, "
                + $"key {SigningKeys.KeyId(approval.Key.Info)}, which {approval.ConfirmedBy} had confirmed: the signature is of exactly this statement"));
        }
    }

    private static void PrintExtensions(CliContext context, Receipt receipt, IReadOnlyList<HeldExtension> extensions)
    {
        if (ReceiptExtensions.AreMissing(receipt))
            context.Terminal.Print("who decided on more time for the run is not in this receipt, which is of an earlier version: writ receipt writes it anew");
        foreach (var more in extensions)
        {
            context.Terminal.Print(Printable.Line($"more time, from {When.Exact(UnixMicroseconds.ToInstant(more.From))} until {When.Exact(UnixMicroseconds.ToInstant(more.Until))}, asked by {more.Asker} as {more.Request}, "
                + $"decided by {string.Join(", ", more.Deciders)}: {(more.IsInForce ? "the run was held by it" : "it never came into force")}"));
            foreach (var entry in receipt.Extensions!.Single(extension => extension.Request == more.Request).Entries)
                context.Terminal.Print(string.Create(CultureInfo.InvariantCulture, $"{entry.Index,6}  {Text(context, entry.Entry)}"));
            PrintPasskeys(context, more.Passkeys);
        }
    }

    private static void PrintEnd(CliContext context, Receipt receipt)
    {
        if (ReceiptCheck.SignedEnd(receipt) is not var (end, key))
        {
            context.Terminal.Print("the end is not signed by a runner");
            return;
        }

        foreach (var line in KillReceiptText.Lines(end, key))
            context.Terminal.Print(Printable.Line(line));
    }

    /// <summary>The keys of the log that a checkpoint names, from where the caller said, or from what is known here.</summary>
    private static IReadOnlyList<NoteKey> KeysFor(CliContext context, string? key, string note)
    {
        if ((key ?? context.Variable("WRIT_LOG_KEY")) is { } pinned)
            return LogContact.Parse([pinned]);
        var origin = note.Split('\n')[0];
        var known = LogMemory.Of(context)?.KeysOf(origin) ?? [];
        return known.Count > 0 ? LogContact.Parse(known)
            : throw Stop.Usage($"the log {Printable.Line(origin)} is not known on this computer", "--key names its public key; its operator has it from writ-server log-key show");
    }

    private static string Text(CliContext context, byte[] bytes)
    {
        try
        {
            var entry = new AuditEntryView(0, JsonDocument.Parse(bytes).RootElement);
            return Printable.Line($"{EntryText.Time(entry, context.Now)}  {EntryText.Type(entry)}  {EntryText.Actor(entry)}  {EntryText.Rest(entry)}");
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException)
        {
            return Printable.Line(Encoding.UTF8.GetString(bytes));
        }
    }
}
