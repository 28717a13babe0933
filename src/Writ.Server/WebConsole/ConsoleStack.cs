using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.SignalR;
using Writ.Core.Identity;
using Writ.Server.Identity;
using Writ.Server.WebConsole.Ask;
using Writ.Server.WebConsole.Find;
using Writ.Server.WebConsole.Fleet;
using Writ.Server.WebConsole.History;
using Writ.Server.WebConsole.Inbox;
using Writ.Server.WebConsole.Notices;
using Writ.Server.WebConsole.People;
using Writ.Server.WebConsole.Policies;
using Writ.Server.WebConsole.Series;
using Writ.Server.WebConsole.Start;

namespace Writ.Server.WebConsole;

/// <summary>The web console, put together.</summary>
internal static class ConsoleStack
{
    /// <summary>The most that a browser sends at once: a policy that is typed in.</summary>
    private const int MostMessage = 2 << 20;

    public static void Add(IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DetailedErrors = false;
            // A page whose connection broke is kept for a walk through a tunnel, not longer.
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(2);
            circuits.DisconnectedCircuitMaxRetained = 200;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MostMessage);
        services.AddSingleton<Feed>().AddHostedService(provider => provider.GetRequiredService<Feed>());
        services.AddSingleton<OpenPages>().AddHostedService(provider => provider.GetRequiredService<OpenPages>());
        services.AddSingleton<HandOver>().AddSingleton<Board>().AddSingleton<DeclaredVerbs>().AddSingleton<Timeline>();
        services.AddScoped<Visit>().AddScoped<ViewerZone>().AddScoped<Outlook>().AddScoped<Finder>();
        services.AddScoped<InboxReader>().AddScoped<DossierReader>().AddScoped<DecideHere>().AddScoped<AskHere>();
        services.AddScoped<PolicyReader>().AddScoped<FleetReader>().AddScoped<PeopleReader>().AddScoped<SeriesReader>().AddScoped<NoticesHere>().AddScoped<FirstSteps>();
    }

    public static void Map(WebApplication app)
    {
        app.Use(next => context => ConsoleDoor.Enter(context, next));
        app.MapRazorComponents<Document>()
            .AddInteractiveServerRenderMode(server =>
            {
                server.ContentSecurityFrameAncestorsPolicy = null;
                server.DisableWebSocketCompression = true;
            })
            .DisableAntiforgery()
            .WithMetadata(new ConsolePage())
            .ExcludeFromDescription()
            .Add(Declare);
    }

    /// <summary>Pages have their own way in; what keeps them alive is called by those who are signed in alone.</summary>
    private static void Declare(EndpointBuilder endpoint)
    {
        var isPage = endpoint.Metadata.OfType<Microsoft.AspNetCore.Components.Endpoints.ComponentTypeMetadata>().Any();
        endpoint.Metadata.Add(new Declared(isPage ? Access.Open : Access.SignedIn));
    }
}
