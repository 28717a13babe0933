using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;
using Writ.Core.Identity;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

// How people sign in. The rows of OpenIddict (clients, authorizations, tokens) are its own, in tables that begin with openid_.

/// <summary>A browser that somebody is signed in with; only the SHA-256 of its cookie's 256 random bits is kept.</summary>
internal sealed class SessionRow
{
    public required TokenId Id { get; init; }
    public required ActorId ActorId { get; init; }
    public required byte[] Hash { get; init; }
    /// <summary>When they last showed who they are (<c>auth_time</c>), and with what (<c>amr</c>).</summary>
    public required DateTimeOffset SignedInAt { get; init; }
    public required string[] Methods { get; init; }
    public required DateTimeOffset LastSeenAt { get; set; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? EndedAt { get; set; }
    public string? Address { get; init; }
}

/// <summary>What a person signs in with who has no account elsewhere: a password together with a one-time code.</summary>
internal sealed class AccountRow
{
    public required ActorId ActorId { get; init; }
    public string? PasswordHash { get; set; }
    /// <summary>The secret of the authenticator app, sealed with the server's key.</summary>
    public string? TotpSecret { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ChangedAt { get; set; }
}

/// <summary>A person of another provider: issuer and subject name them, and never a mail address.</summary>
internal sealed class IdentityRow
{
    public required string Issuer { get; init; }
    public required string Subject { get; init; }
    public required ActorId ActorId { get; init; }
    public required DateTimeOffset LinkedAt { get; init; }
}

/// <summary>Failed sign-ins in a row under a name or from an address. The name stands hashed: it may be a mistyped password.</summary>
internal sealed class SignInFailureRow
{
    public required byte[] Key { get; init; }
    public required int Failures { get; set; }
    public required DateTimeOffset LastAt { get; set; }
}

/// <summary>What was used once and never may be again, until it would not be taken anyway.</summary>
internal sealed class SpentRow
{
    public required byte[] Hash { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
}

internal static class SignInTables
{
    public static void Map(ModelBuilder model)
    {
        model.Entity<SessionRow>(session =>
        {
            session.ToTable("sessions");
            session.HasIndex(row => row.Hash).IsUnique();
            session.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<AccountRow>(account =>
        {
            account.ToTable("accounts");
            account.HasKey(row => row.ActorId);
            account.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<IdentityRow>(identity =>
        {
            identity.ToTable("identities");
            identity.HasKey(row => new { row.Issuer, row.Subject });
            identity.HasOne<ActorRow>().WithMany().HasForeignKey(row => row.ActorId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<SignInFailureRow>(failure =>
        {
            failure.ToTable("sign_in_failures");
            failure.HasKey(row => row.Key);
        });
        model.Entity<SpentRow>(spent =>
        {
            spent.ToTable("spent");
            spent.HasKey(row => row.Hash);
        });

        model.UseOpenIddict();
        model.Entity<OpenIddictEntityFrameworkCoreApplication>().ToTable("openid_applications");
        model.Entity<OpenIddictEntityFrameworkCoreAuthorization>().ToTable("openid_authorizations");
        model.Entity<OpenIddictEntityFrameworkCoreScope>().ToTable("openid_scopes");
        model.Entity<OpenIddictEntityFrameworkCoreToken>().ToTable("openid_tokens");
    }
}
