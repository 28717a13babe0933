namespace Writ.Server.Identity.Workloads;

/// <summary>What a workload showed, once it was found genuine; it is used up when tokens are issued for it.</summary>
/// <param name="Workload">Its name in the policy.</param>
/// <param name="Issuer">Who signed it; the workload itself where it has a key of its own.</param>
/// <param name="Subject">Whose it is.</param>
/// <param name="Once">What names it among all of this issuer's, so that it is taken once.</param>
/// <param name="NotAfter">When it would not be taken any more.</param>
/// <param name="Person">The subject of the person on whose behalf, at <paramref name="PersonIssuer"/>; null for nobody.</param>
/// <param name="PersonIssuer">At which provider; null for nobody.</param>
internal sealed record PresentedToken(
    string Workload, string Issuer, string Subject, string Once, DateTimeOffset NotAfter, string? Person = null, string? PersonIssuer = null);
