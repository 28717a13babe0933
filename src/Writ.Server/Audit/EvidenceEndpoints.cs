namespace Writ.Server.Audit;

/// <summary>Says of an endpoint that it shows evidence: each answer of it that shows any is preceded by an entry.</summary>
internal sealed class ShowsEvidence;

/// <summary>Marks endpoints. Every endpoint that answers with a run's or the log's bytes has the mark.</summary>
internal static class EvidenceEndpoints
{
    /// <summary>It shows evidence, and records each look by <see cref="EvidenceViews"/>.</summary>
    public static TBuilder Evidence<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ShowsEvidence());
}
