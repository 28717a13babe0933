using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Core.Identity;
using Writ.Server.Agents;
using Writ.Server.Audit;
using Writ.Server.Chat;
using Writ.Server.Decisions;
using Writ.Server.Directories;
using Writ.Server.Errors;
using Writ.Server.Extensions;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Notices;
using Writ.Server.Passkeys;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Rotas;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.SecurityEvents;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.Templates;
using Writ.Server.Tools;
using Writ.Server.Traces;
using Writ.Server.Users;
using Writ.Server.Web;
using Writ.Server.WebConsole;

namespace Writ.Server;

/// <summary>The running server, put together.</summary>
internal static class Application
{
    /// <summary>Builds it, with all its doors; nothing listens yet.</summary>
    public static WebApplication Build(ServerSettings settings, ServerKeys keys, Database database, TimeProvider time) => OpenDoors(Compose(settings, keys, database, time));

    /// <summary>Every verb and service, and no door to any of them yet.</summary>
    public static WebApplication Compose(ServerSettings settings, ServerKeys keys, Database database, TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            // Every setting is an option of the command line: no file is read, and no folder watched for one.
            ContentRootPath = settings.Data, Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
        // It would log requests, with what a client proves itself by.
        builder.Logging.AddFilter("OpenIddict", LogLevel.Warning).AddFilter("ModelContextProtocol", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.Error);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.None);

        Services(builder.Services, settings, keys, database, time);
        var certificates = new RunnerCertificates(keys, time);
        builder.Services.AddSingleton(certificates);
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, settings, certificates));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));

        return builder.Build();
    }

    /// <summary>What answers calls, in the order in which a call passes it.</summary>
    public static WebApplication OpenDoors(WebApplication app)
    {
        var (settings, database, time) = (app.Services.GetRequiredService<ServerSettings>(), app.Services.GetRequiredService<Database>(), app.Services.GetRequiredService<TimeProvider>());
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = HttpProblems.Handle,
            AllowStatusCode404Response = true,
            // A body that cannot be read is the caller's affair, not the log's.
            SuppressDiagnosticsCallback = thrown => thrown.Exception is BadHttpRequestException or OperationCanceledException,
        });
        if (settings.TrustedProxies.Count > 0)
            app.UseForwardedHeaders(Forwarded(settings));
        app.Use(next => context => ResponseHeaders.Add(context, next));
        app.UseStatusCodePages(async status => await HttpProblems.ForStatus(status.HttpContext));
        app.Use(async (context, next) =>
        {
            var grpc = context.Request.Path.StartsWithSegments("/writ.runners.v1.RunnerLink")
                || context.Request.Path.StartsWithSegments("/writ.runners.v1.RunnerEnrolment");
            if (context.CameByRunnerDoor() == grpc)
                await next(context);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
        SignInStack.Use(app, settings);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(10), KeepAliveTimeout = TimeSpan.FromSeconds(20) });
        Endpoints.Map(app);
        SignInStack.Map(app);
        AgentDoor.Map(app);
        ConsoleStack.Map(app);
        app.MapOpenApi("/v1/openapi.json").Needs(Access.Open);
        app.MapGet("/health/live", () => Results.Ok(new { status = "live" })).ExcludeFromDescription().Needs(Access.Open);
        app.MapGet("/health/ready", async (PublishedHead published, Sequencer sequencer, PolicyInForce policies, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var ready = await db.Database.CanConnectAsync(cancel) && !published.IsHalted && !sequencer.IsHalted;
            if (!ready)
                return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
            // A stream or a mail server that does not take what is sent, and a source that does not answer, are another's affair: the server is ready all the same.
            var (failing, oldest) = await Noticing.Health(db, time.GetUtcNow(), cancel);
            var unknown = await policies.Get(db) is { IsOk: true, Value: var policy } ? policy.OnCall().Count(each => each.Unknown is not null) : 0;
            return Results.Ok(new { status = "ready", streams_failing = await db.Streams.CountAsync(row => row.Trouble != null, cancel), notices_failing = failing, notices_oldest_seconds = oldest, rotas_unknown = unknown });
        }).ExcludeFromDescription().Needs(Access.Open);
        app.MapGrpcService<EnrolRunner>().Needs(Access.Runner);
        app.MapGrpcService<RunnerLinkService>().Needs(Access.Runner);
        AccessEndpoints.Require(app);
        return app;
    }

    /// <summary>The word of the pinned proxies alone, and of the last of them: whatever stands before it, a client may have written.</summary>
    private static ForwardedHeadersOptions Forwarded(ServerSettings settings)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = 1 };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in settings.TrustedProxies)
            options.KnownIPNetworks.Add(network);
        return options;
    }

    private static void Services(IServiceCollection services, ServerSettings settings, ServerKeys keys, Database database, TimeProvider time)
    {
        services.AddSingleton(settings).AddSingleton(keys).AddSingleton(keys.Log).AddSingleton(database).AddSingleton(time);
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, WritJson.Default);
            json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.AllowDuplicateProperties = false;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = 16 << 20;
            // A call to nothing ends as every other one to nothing.
            grpc.IgnoreUnknownServices = true;
        });
        services.AddOpenApi("v1", OpenApi.Describe);

        SignInStack.Add(services, settings, keys);
        ConsoleStack.Add(services);
        AgentDoor.Add(services);
        services.AddSingleton<SequencerBell>().AddSingleton<RunnerHeads>();
        services.AddSingleton(new PublishedHead(database, keys.Log, PublishedHead.FolderOf(settings.Data)));
        services.AddSingleton(settings.Witnesses ?? WitnessList.None);
        services.AddSingleton<Witnessing>().AddHostedService(provider => provider.GetRequiredService<Witnessing>());
        services.AddSingleton<Streaming>().AddHostedService(provider => provider.GetRequiredService<Streaming>());
        services.AddSingleton<ChatAccounts>().AddSingleton<ReceiveSlack>().AddSingleton<PressButton>().AddSingleton<SlackReplies>();
        services.AddSingleton<MakeNotices>().AddSingleton<NoticeLetter>().AddSingleton<Outbox>().AddSingleton<SendMail>().AddSingleton<SendPush>().AddSingleton<NoticeSettings>().AddSingleton<NoticeAddress>().AddSingleton<PushSubscriptions>().AddSingleton<Noticing>().AddHostedService(provider => provider.GetRequiredService<Noticing>());
        services.AddSingleton<Sequencer>().AddHostedService(provider => provider.GetRequiredService<Sequencer>());
        services.AddSingleton<SetRetention>().AddSingleton<ApplyRetention>().AddHostedService(provider => provider.GetRequiredService<ApplyRetention>());
        services.AddSingleton<Sweep>().AddHostedService(provider => provider.GetRequiredService<Sweep>());
        services.AddSingleton<Occur>().AddSingleton<SuspendSeries>().AddSingleton<ResumeSeries>().AddSingleton<EndSeries>().AddSingleton<SeriesClock>().AddHostedService(provider => provider.GetRequiredService<SeriesClock>());
        services.AddSingleton<AskSources>().AddHostedService(provider => provider.GetRequiredService<AskSources>());
        services.AddSingleton<RateLimits>().AddSingleton<Gate>().AddSingleton<ProposalBook>().AddSingleton<DecideProposal>().AddSingleton<Tightening>();
        services.AddSingleton<TakeAll>().AddSingleton<DisableUser>().AddSingleton<SignOutUser>().AddSingleton<ChangeRoles>().AddSingleton<DisableRunner>();
        services.AddSingleton<ScimUsers>().AddSingleton<ScimGroups>().AddSingleton<ReceiveEvent>();
        services.AddSingleton<WriteTransaction>().AddSingleton<Changes>().AddSingleton<LongPoll>().AddSingleton<RefusedAttempts>().AddSingleton<EvidenceViews>().AddSingleton<PolicyInForce>();
        services.AddSingleton<ShowTools>().AddSingleton<ShowTemplates>().AddSingleton<CheckTemplate>().AddSingleton<ApplyTemplate>().AddSingleton<CheckPolicy>().AddSingleton<Hindsight>().AddSingleton<DiffPolicy>().AddSingleton<RuleUse>().AddSingleton<ShowRuleUse>().AddSingleton<ApplyPolicy>().AddSingleton<SetUpFirstAdmin>().AddSingleton<RevokeToken>();
        services.AddSingleton<ReviseRequest>().AddSingleton<RequestAccess>().AddSingleton<Reevaluation>().AddSingleton<Planner>().AddSingleton<Understanding>()
            .AddSingleton<Ask>().AddSingleton<Explain>().AddSingleton<CancelRequest>().AddSingleton<NarrowRequest>();
        services.AddSingleton<LaterStart>().AddSingleton<ExtensionOrders>().AddSingleton<ExtendRun>();
        services.AddSingleton<MakePasskey>().AddSingleton<ConfirmPasskey>().AddSingleton<RemovePasskey>();
        services.AddSingleton<ChallengeApproval>().AddSingleton<DecisionTurn>().AddSingleton<Takings>().AddSingleton<RevokeGrant>().AddSingleton<ReviewGrant>();
        services.AddSingleton<RecordingStore>().AddSingleton<RunResults>().AddSingleton<RunEnding>().AddSingleton<AttachedClients>().AddSingleton<DetachRun>();
        services.AddSingleton<NameCheck>().AddSingleton<KeepResults>().AddSingleton<ShowResults>().AddSingleton<ShowRest>().AddSingleton<RunFiles>().AddSingleton<StartRun>().AddSingleton<AttachRun>().AddSingleton<KillRun>();
        services.AddSingleton<RunnerHub>().AddSingleton<INameResolver, NameResolver>().AddSingleton<Inventories>().AddSingleton<RunTransitions>().AddSingleton<RunReports>().AddSingleton<HostReports>();
        services.AddSingleton<TraceSearch>().AddSingleton<ShowTrace>().AddSingleton<WatchRun>().AddSingleton<ListLiveRuns>().AddSingleton<ListResults>().AddSingleton<ShowGrid>().AddSingleton<SearchAudit>();
        services.AddSingleton<CreateEnrolment>().AddSingleton<EnrolRunner>().AddSingleton<RunnerLinkService>();
    }
}
