using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Notices;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>Who says that an address is a person's.</summary>
internal static class AddressSource
{
    /// <summary>The provider that they sign in with, which has verified it.</summary>
    public const string Provider = "provider";
    /// <summary>The company's directory, by SCIM.</summary>
    public const string Directory = "directory";
    /// <summary>The operator on the box.</summary>
    public const string Operator = "operator";
    /// <summary>They themselves, by a code that was mailed there.</summary>
    public const string Person = "person";

    /// <summary>Whether it is the company's word, which its people do not change here.</summary>
    public static bool IsOfCompany(string? source) => source is Provider or Directory;
}

/// <summary>
/// Whose address it is. One that nobody vouched for gets a code and nothing else; whose address the company tells us has no other, or what is
/// the company's would go where its people wish.
/// </summary>
internal sealed class NoticeAddress(WriteTransaction writes, NoticeSettings own, ServerSettings settings)
{
    private const int MostCodes = 5, MostGuesses = 5;

    private static readonly TimeSpan CodeLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan CodesWithin = TimeSpan.FromDays(1);

    /// <summary>Mails a code to an address that the caller names.</summary>
    public async Task<Result<NoticeSettingsView>> Ask(Caller caller, string address, CancellationToken cancel)
    {
        if (settings.Mail is not { } mail)
            return new Refusal(ErrorCode.WrongState, "this server sends no mail", "its operator sets that up: docs/notices.md");
        if (!MailAddress.Is(address))
            return new Refusal(ErrorCode.InvalidInput, "this is no plain mail address", "for example dana@example.com");
        var code = TypedCode.New();
        var now = default(DateTimeOffset);
        var asked = await writes.Commit<bool>(async scope =>
        {
            now = scope.Now;
            var row = await NoticeSettings.RowOf(scope, caller.Id);
            if (row.Address is not null && AddressSource.IsOfCompany(row.AddressFrom))
                return new Refusal(ErrorCode.WrongState, $"your address comes from your company's {row.AddressFrom}", "it is changed there");
            if (row.CodesSince is null || row.CodesSince <= scope.Now - CodesWithin)
                (row.Codes, row.CodesSince) = (0, scope.Now);
            if (row.Codes >= MostCodes)
                return new Refusal(ErrorCode.TooManyAttempts, $"{MostCodes} codes a day are mailed, and no more", "try again tomorrow, or ask the operator: writ-server account mail");
            row.Codes++;
            (row.Wish, row.WishCode, row.WishUntil, row.WishGuesses) = (address, HashOf(caller.Id, address, code), scope.Now + CodeLife, 0);
            NoticeSettings.Record(scope, caller.Audit, caller.Id, caller.Name, "address-asked", new() { ["address"] = MailAddress.Hint(address) }, caller.SourceAddress);
            return true;
        });
        if (!asked.IsOk)
            return asked.Refusal;
        try
        {
            await using var connection = await MailConnection.Open(mail, cancel);
            var text = new NoticeText("your address", $"""
                {OneLine.Of(caller.Name, 100)} wants to be told by Writ at this address. If that is you, say so:

                writ notices confirm {TypedCode.Shown(code)}

                The code holds for an hour. If it is not you, do nothing: nothing else is
                sent here.

                """);
            var (outcome, why) = await connection.Send(new($"{NoticeId.New(now)}@{mail.Domain}", address, text, now), cancel);
            if (outcome != MailOutcome.Taken)
                return new Refusal(ErrorCode.Unavailable, "the code could not be mailed", why);
        }
        catch (IOException trouble)
        {
            return new Refusal(ErrorCode.Unavailable, $"the code could not be mailed: {trouble.Message}");
        }

        return await own.Show(caller, cancel);
    }

    /// <summary>Takes the code that came, once, of a few guesses.</summary>
    public async Task<Result<NoticeSettingsView>> Confirm(Caller caller, string code, CancellationToken cancel)
    {
        // A guess counts before it is looked at, whatever races.
        var counted = 0;
        await writes.Append(async db => counted = await db.NoticeSettings.Where(row => row.ActorId == caller.Id && row.Wish != null && row.WishGuesses < MostGuesses)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.WishGuesses, row => row.WishGuesses + 1)));
        if (counted == 0)
            return new Refusal(ErrorCode.WrongState, "no address of yours waits for a code, or too many were tried", "writ notices address ADDRESS mails one");
        var typed = TypedCode.Read(code);
        var confirmed = await writes.Commit<bool>(async scope =>
        {
            var row = await NoticeSettings.RowOf(scope, caller.Id);
            if (row is not { Wish: { } address, WishCode: { } hash } || row.WishUntil <= scope.Now || AddressSource.IsOfCompany(row.AddressFrom)
                || !CryptographicOperations.FixedTimeEquals(hash, HashOf(caller.Id, address, typed)))
                return new Refusal(ErrorCode.InvalidInput, "this is not the code, or its hour is over", "writ notices address ADDRESS mails another");
            Set(scope, row, address, AddressSource.Person, caller.Audit, caller.Name, caller.SourceAddress);
            return true;
        });
        return confirmed.IsOk ? await own.Show(caller, cancel) : confirmed.Refusal;
    }

    /// <summary>What the company, or the operator, says a person's address is; nothing changes where they say nothing that can be one.</summary>
    public static async Task Vouch(WriteScope scope, ActorRow person, string? address, string source, AuditActor by, string? at = null)
    {
        if (!MailAddress.Is(address))
            return;
        var row = await NoticeSettings.RowOf(scope, person.Id);
        // A directory says it all day long; a sign-in once in a while.
        if ((row.Address == address && row.AddressFrom == source) || (source == AddressSource.Provider && row.AddressFrom == AddressSource.Directory))
            return;
        Set(scope, row, address, source, by, person.Name, at);
    }

    private static void Set(WriteScope scope, NoticeSettingsRow row, string address, string source, AuditActor by, string name, string? at)
    {
        (row.Address, row.AddressFrom, row.AddressAt) = (address, source, scope.Now);
        (row.Wish, row.WishCode, row.WishUntil) = (null, null, null);
        NoticeSettings.Record(scope, by, row.ActorId, name, "address", new() { ["address"] = MailAddress.Hint(address), ["from"] = source }, at);
    }

    private static byte[] HashOf(ActorId person, string address, string code) => Secrets.Hash($"notice address\n{person}\n{address}\n{code}");
}
