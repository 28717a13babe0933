using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>
/// The clients that are part of Writ itself, brought up to date when a server starts. None has a secret: everybody has the program. Each is
/// for one door.
/// </summary>
internal sealed class KnownClients(IServiceScopeFactory scopes, ServerSettings settings) : IHostedService
{
    /// <summary>The command line.</summary>
    public const string Cli = "writ-cli";

    /// <summary>Any agent that speaks the Model Context Protocol.</summary>
    public const string Agent = "writ-agent";

    /// <summary>The scope of every door.</summary>
    public const string Scope = "writ";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var clients = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        foreach (var wanted in new[] { CommandLine(), AnyAgent() })
            await Know(clients, wanted, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task Know(IOpenIddictApplicationManager clients, OpenIddictApplicationDescriptor wanted, CancellationToken cancel)
    {
        try
        {
            if (await clients.FindByClientIdAsync(wanted.ClientId!, cancel) is not { } known)
                await clients.CreateAsync(wanted, cancel);
            else if (!await Is(clients, known, wanted, cancel))
                await clients.UpdateAsync(known, wanted, cancel);
        }
        catch (Exception raced) when (raced is Microsoft.EntityFrameworkCore.DbUpdateException or OpenIddictExceptions.ValidationException or OpenIddictExceptions.ConcurrencyException)
        {
            // Another server of this database was quicker; anything else is told by the look that follows.
            if (await clients.FindByClientIdAsync(wanted.ClientId!, cancel) is not { } there || !await Is(clients, there, wanted, cancel))
                throw new InvalidOperationException($"the client {wanted.ClientId} cannot be stored", raced);
        }
    }

    private static async Task<bool> Is(IOpenIddictApplicationManager clients, object known, OpenIddictApplicationDescriptor wanted, CancellationToken cancel) =>
        wanted.Permissions.SetEquals(await clients.GetPermissionsAsync(known, cancel))
        && wanted.RedirectUris.Select(uri => uri.OriginalString).ToHashSet().SetEquals(await clients.GetRedirectUrisAsync(known, cancel));

    private OpenIddictApplicationDescriptor CommandLine() => Native(Cli, "writ on the command line", Door.Api,
        ["http://127.0.0.1/callback"], [Permissions.Endpoints.DeviceAuthorization, Permissions.GrantTypes.DeviceCode]);

    // Programs of others: where they listen on the loopback differs, and some of them call it by its name.
    private OpenIddictApplicationDescriptor AnyAgent() => Native(Agent, "an agent", Door.Agents,
        ["http://127.0.0.1/", "http://127.0.0.1/callback", "http://127.0.0.1/oauth/callback", "http://localhost/", "http://localhost/callback", "http://localhost/oauth/callback"], []);

    private OpenIddictApplicationDescriptor Native(string id, string name, Door door, string[] redirects, string[] more)
    {
        var client = new OpenIddictApplicationDescriptor
        {
            ClientId = id,
            DisplayName = name,
            ClientType = ClientTypes.Public,
            // A native application's loopback address may have any port (RFC 8252, 7.3).
            ApplicationType = ApplicationTypes.Native,
            ConsentType = ConsentTypes.Explicit,
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation,
                Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken,
                // A process brings its proof of who it is along, and is no client of its own.
                Permissions.GrantTypes.TokenExchange,
                Permissions.ResponseTypes.Code, Permissions.Prefixes.Scope + Scope, Permissions.Prefixes.Resource + door.Resource(settings),
            },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        };
        client.RedirectUris.UnionWith(redirects.Select(redirect => new Uri(redirect)));
        client.Permissions.UnionWith(more);
        return client;
    }
}
