using System.CommandLine;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Chat;
using Writ.Server.Identity;
using Writ.Server.Notices;
using Writ.Server.Rotas;
using Writ.Server.Traces;

namespace Writ.Server.Commands;

/// <summary><c>writ-server serve</c>.</summary>
internal static class Serve
{
    private static readonly Option<string[]> Urls = new("--urls")
    {
        Description = "Where /v1 is served, separated by ; (http on loopback, https, or unix:///path)",
        DefaultValueFactory = _ => ["http://127.0.0.1:8080"],
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(';', StringSplitOptions.RemoveEmptyEntries))],
        HelpName = "URLS",
    };

    private static readonly Option<string?> RunnerListen = new("--runner-listen")
    {
        Description = "Where runners connect, by mutual TLS", DefaultValueFactory = _ => "https://127.0.0.1:8443", HelpName = "URL",
    };

    private static readonly Option<string?> Certificate = new("--certificate") { Description = "PEM certificate for https urls; Writ's own authority issues one without it", HelpName = "FILE" };
    private static readonly Option<string?> CertificateKey = new("--certificate-key") { Description = "PEM key of --certificate", HelpName = "FILE" };

    private static readonly Option<string?> Witnesses = new("--witnesses") { Description = "The audit log's witnesses: a file with the line quorum N, then URL and public key of each", HelpName = "FILE" };

    private static readonly Option<string[]> TrustedProxies = new("--trusted-proxy")
    {
        Description = "A proxy in front, by its address or network, whose X-Forwarded-For and X-Forwarded-Proto count; may be given several times", HelpName = "ADDRESS",
    };

    private static readonly Option<string?> PlainHttp = new("--plain-http")
    {
        Description = $"Lets --urls be http on an address that is not loopback, where it says {ServerSettings.PlainHttpWords}", HelpName = "WORDS",
    };

    private static readonly Option<string?> PublicUrl = new("--public-url") { Description = "What browsers call the server; the first of --urls without it", HelpName = "URL" };
    private static readonly Option<string?> SignInFile = new("--sign-in") { Description = "How people sign in: a JSON file with the providers of OpenID Connect", HelpName = "FILE" };
    private static readonly Option<string?> MailFile = new("--mail") { Description = "How mail is sent to people: a JSON file with the mail server; nobody is told by mail without it", HelpName = "FILE" };
    private static readonly Option<string?> PushFile = new("--push") { Description = "Lets people be told in their browsers: a JSON file with a contact and where the key is; no browser is taken without it", HelpName = "FILE" };
    private static readonly Option<string?> SlackFile = new("--slack") { Description = "The app in Slack whose buttons decide: a JSON file with its workspaces and where its signing secret is", HelpName = "FILE" };
    private static readonly Option<string?> OnCallFile = new("--on-call") { Description = "Who says who is on call: a JSON file with the sources that policies name", HelpName = "FILE" };
    private static readonly Option<bool> KeepBoxTokens = new("--keep-box-tokens") { Description = "Tokens of writ-server token create open /v1 also where people can sign in" };

    public static Command Build(TimeProvider time)
    {
        var command = new Command("serve", "Runs the server.")
        {
            CommandLine.Data, CommandLine.DatabaseOption, Urls, PublicUrl, RunnerListen, Certificate, CertificateKey, SignInFile, MailFile, PushFile, SlackFile, OnCallFile, KeepBoxTokens, Witnesses, TrustedProxies, PlainHttp,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            var (witnesses, signIn, mail, push, slack, sources) = (default(WitnessList), SignInSettings.None, default(MailSettings), default(PushSettings), default(SlackSettings), SourceSettings.None);
            var unfit = await Read(parsed, Witnesses, WitnessList.Parse, read => witnesses = read, cancel)
                ?? await Read(parsed, SignInFile, SignInSettings.Parse, read => signIn = read, cancel)
                ?? await Read(parsed, MailFile, MailSettings.Parse, read => mail = read, cancel)
                ?? await Read(parsed, PushFile, PushSettings.Parse, read => push = read, cancel)
                ?? await Read(parsed, SlackFile, SlackSettings.Parse, read => slack = read, cancel)
                ?? await Read(parsed, OnCallFile, SourceSettings.Parse, read => sources = read, cancel);
            if (unfit is not null)
                return CommandLine.Fail(unfit, 2);
            // Now, and not when the first browser asks.
            push?.Key().Dispose();

            var proxies = ServerSettings.ReadProxies(parsed.GetValue(TrustedProxies) ?? []);
            if (!proxies.IsOk)
                return CommandLine.Fail(proxies.Refusal, 2);
            var settings = new ServerSettings(data, parsed.GetValue(Urls)!, parsed.GetValue(RunnerListen), null,
                parsed.GetValue(Certificate), parsed.GetValue(CertificateKey), witnesses,
                parsed.GetValue(PublicUrl), signIn with { KeepBoxTokens = signIn.KeepBoxTokens || parsed.GetValue(KeepBoxTokens) })
            {
                TrustedProxies = proxies.Value, Mail = mail, Push = push, Slack = slack, OnCall = sources, PlainHttp = parsed.GetValue(PlainHttp),
            };
            if (settings.Check() is { } wrong)
                return CommandLine.Fail(wrong, 2);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            return await Run(settings, parsed.GetValue(CommandLine.DatabaseOption), time, cancel);
        });
        return command;
    }

    /// <summary>Reads the file that an option names, where it names one; the refusal of what stands in it, or null.</summary>
    private static async Task<Refusal?> Read<T>(ParseResult parsed, Option<string?> option, Func<string, string, Result<T>> parse, Action<T> take, CancellationToken cancel)
    {
        if (parsed.GetValue(option) is not { } file)
            return null;
        var read = parse(file, await File.ReadAllTextAsync(file, cancel));
        if (!read.IsOk)
            return read.Refusal;
        take(read.Value);
        return null;
    }

    private static async Task<int> Run(ServerSettings settings, string? databaseFile, TimeProvider time, CancellationToken cancel)
    {
        var database = CommandLine.Open(settings.Data, databaseFile);
        await database.Migrate(cancel);
        if (await FillTraces.Run(database, cancel) is > 0 and var grants)
            Console.Error.WriteLine($"writ-server: {grants} grants of before were brought into the index of traces");
        await using var app = Application.Build(settings, ServerKeys.Load(settings.Data), database, time);
        await app.StartAsync(cancel);
        var runners = settings.RunnerListen is null ? "" : $", runners on {settings.RunnerListen}";
        Console.Error.WriteLine($"writ-server: ready on {string.Join(", ", settings.Urls)}{runners} ({await database.Describe(cancel)})");
        await app.WaitForShutdownAsync(cancel);
        return 0;
    }
}
