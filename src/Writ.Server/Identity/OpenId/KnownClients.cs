using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Writ.Server.Identity.OpenId;

/// <summary>The clients that are part of Writ itself. The command line has no secret: everybody has the program.</summary>
internal sealed class KnownClients(IServiceScopeFactory scopes) : IHostedService
{
    /// <summary>The command line.</summary>
    public const string Cli = "writ-cli";

    /// <summary>The scope of <c>/v1</c>.</summary>
    public const string Scope = "writ";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var clients = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        if (await clients.FindByClientIdAsync(Cli, cancellationToken) is not null)
            return;
        try
        {
            await clients.CreateAsync(Describe(), cancellationToken);
        }
        catch (Exception raced) when (raced is Microsoft.EntityFrameworkCore.DbUpdateException or OpenIddictExceptions.ValidationException)
        {
            // Another server of this database was quicker; anything else is told by the look that follows.
            _ = await clients.FindByClientIdAsync(Cli, cancellationToken) ?? throw new InvalidOperationException("the client of the command line cannot be stored", raced);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static OpenIddictApplicationDescriptor Describe() => new()
    {
        ClientId = Cli,
        DisplayName = "writ on the command line",
        ClientType = ClientTypes.Public,
        // A native application's loopback address may have any port (RFC 8252, 7.3).
        ApplicationType = ApplicationTypes.Native,
        ConsentType = ConsentTypes.Explicit,
        RedirectUris = { new("http://127.0.0.1/callback") },
        Permissions =
        {
            Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.DeviceAuthorization, Permissions.Endpoints.Revocation,
            Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.DeviceCode, Permissions.GrantTypes.RefreshToken,
            // A process brings its proof of who it is along, and is no client of its own.
            Permissions.GrantTypes.TokenExchange,
            Permissions.ResponseTypes.Code, Permissions.Prefixes.Scope + Scope,
        },
        Requirements = { Requirements.Features.ProofKeyForCodeExchange },
    };
}
