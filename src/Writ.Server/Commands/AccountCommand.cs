using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Identity.Accounts;
using Writ.Server.Notices;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary>
/// <c>writ-server account</c>: accounts of this server, on the box. It makes people and one-time links, and never a
/// password: those who open the link choose theirs.
/// </summary>
internal static class AccountCommand
{
    private static readonly AuditActor Operator = new(null, "operator on the box");
    private static readonly Argument<string> Name = new("NAME") { Description = "The person's name" };
    private static readonly Option<string[]> Groups = new("--group") { Description = "A group of the person; may be given several times", HelpName = "GROUP" };
    private static readonly Option<bool> Admin = new("--admin") { Description = "May manage: policy, runners, people" };
    private static readonly Option<bool> Auditor = new("--auditor") { Description = "May read everything" };
    private static readonly Option<string> Server = new("--public-url") { Description = "What browsers call the server", DefaultValueFactory = _ => "http://127.0.0.1:8080", HelpName = "URL" };
    private static readonly Argument<string> Address = new("ADDRESS") { Description = "Where the person is told" };
    private static readonly Option<string> Issuer = new("--issuer") { Description = "The provider, exactly as its tokens name it", Required = true, HelpName = "URL" };
    private static readonly Option<string> Subject = new("--subject") { Description = "The person, as the provider's tokens name them", Required = true, HelpName = "SUB" };

    public static Command Build(TimeProvider time)
    {
        var create = Verb("create", "Makes a person and prints a one-time link by which they set up how they sign in.", [Name, Groups, Admin, Auditor, Server], time, async (parsed, scope) =>
        {
            var (name, groups) = (parsed.GetValue(Name)!, parsed.GetValue(Groups) ?? []);
            if (!CreateToken.IsName(name) || !groups.All(CreateToken.IsName))
                return new Refusal(ErrorCode.InvalidInput, "names of actors and groups are made of 1 to 100 letters, digits and . _ @ + -");
            if (await Find(scope, name) is not null)
                return new Refusal(ErrorCode.WrongState, $"there is a user named '{name}' already", $"writ-server account link {name}");
            var actor = new ActorRow
            {
                Id = ActorId.New(scope.Now), Kind = ActorKind.User, Name = name, Groups = groups, IsAdmin = parsed.GetValue(Admin), IsAuditor = parsed.GetValue(Auditor), CreatedAt = scope.Now,
            };
            scope.Db.Actors.Add(actor);
            CreateToken.RecordChange(scope, actor);
            return await Link(parsed, scope, actor);
        });
        var link = Verb("link", "Prints a new one-time link for a person, for the first time or as a way back in; using it ends every sign-in that they have.", [Name, Server], time, async (parsed, scope) =>
            await Find(scope, parsed.GetValue(Name)!) switch
            {
                null => Missing(parsed),
                { DisabledAt: not null } disabled => new Refusal(ErrorCode.Forbidden, $"{disabled.Name} is disabled"),
                var actor => await Link(parsed, scope, actor),
            });
        var connect = Verb("connect", "Says that a person of a provider is this person, whatever the provider calls them.", [Name, Issuer, Subject], time, async (parsed, scope) =>
        {
            if (await Find(scope, parsed.GetValue(Name)!) is not { } actor)
                return Missing(parsed);
            return await Identities.Link(scope, actor, parsed.GetValue(Issuer)!, parsed.GetValue(Subject)!, Operator)
                ? $"{actor.Name} is {parsed.GetValue(Subject)} of {parsed.GetValue(Issuer)}"
                : new Refusal(ErrorCode.WrongState, "that person of the provider is somebody here already");
        });
        var mail = Verb("mail", "Says what a person's mail address is; whose company says it by its provider or directory has that one.", [Name, Address], time, async (parsed, scope) =>
        {
            var address = parsed.GetValue(Address)!;
            if (!MailAddress.Is(address))
                return new Refusal(ErrorCode.InvalidInput, "this is no plain mail address", "for example dana@example.com");
            if (await Find(scope, parsed.GetValue(Name)!) is not { } actor)
                return Missing(parsed);
            var row = await NoticeSettings.RowOf(scope, actor.Id);
            if (row.Address is not null && AddressSource.IsOfCompany(row.AddressFrom))
                return new Refusal(ErrorCode.WrongState, $"the address of {actor.Name} comes from the company's {row.AddressFrom}", "it is changed there");
            if (row.Address == address && row.AddressFrom == AddressSource.Operator)
                return new Refusal(ErrorCode.WrongState, $"{actor.Name} is told at {address} already");
            await NoticeAddress.Vouch(scope, actor, address, AddressSource.Operator, Operator);
            return $"{actor.Name} is told at {address}";
        });
        return new Command("account", "Accounts of this server, on the box.") { create, link, connect, mail };
    }

    private static Task<ActorRow?> Find(WriteScope scope, string name) =>
        scope.Db.Actors.SingleOrDefaultAsync(row => row.Kind == ActorKind.User && row.Name == name);

    private static Refusal Missing(ParseResult parsed) => new(ErrorCode.NotFound, $"there is no user named '{parsed.GetValue(Name)}'", "writ-server account create makes one");

    private static async Task<Result<string>> Link(ParseResult parsed, WriteScope scope, ActorRow actor) =>
        SetUpLinks.Address(new(parsed.GetValue(Server)!), await SetUpLinks.Create(scope, actor, Operator));

    private static Command Verb(string name, string description, Symbol[] symbols, TimeProvider time, Func<ParseResult, WriteScope, Task<Result<string>>> run)
    {
        var verb = new Command(name, description) { CommandLine.Data, CommandLine.DatabaseOption };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                verb.Add(argument);
            else
                verb.Add((Option)symbol);
        }

        verb.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            if (symbols.Contains(Server) && !Uri.TryCreate(parsed.GetValue(Server), UriKind.Absolute, out _))
                return CommandLine.Fail($"--public-url: '{parsed.GetValue(Server)}' is not where a server is", "for example https://writ.example.com", 2);
            using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
            using var bell = new SequencerBell();
            var done = await new WriteTransaction(database, bell, time).Commit(scope => run(parsed, scope));
            if (!done.IsOk)
                return CommandLine.Fail(done.Refusal);
            Console.WriteLine(done.Value);
            return 0;
        });
        return verb;
    }
}
