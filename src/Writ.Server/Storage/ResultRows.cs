using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>What a run's tool has found so far: the newest report alone.</summary>
internal sealed class RunResultsRow
{
    public required RunId RunId { get; init; }
    public required DateTimeOffset At { get; set; }
    /// <summary>As the API shows it, as JSON.</summary>
    public required string Content { get; set; }
}

/// <summary>What a run's tool found, once the bytes that it wrote are here. Hosts and ports have rows of their own, which are whole when this is there.</summary>
internal sealed class ResultsRow
{
    public required RunId RunId { get; init; }
    /// <summary>Of the bytes as the tool wrote them, which are kept as a file.</summary>
    public required string Sha256 { get; init; }
    public required long Bytes { get; init; }
    public required bool Cut { get; init; }
    public required DateTimeOffset KeptAt { get; init; }
    /// <summary>All but the hosts, as JSON.</summary>
    public required string Content { get; set; }
}

/// <summary>A host that a run's tool told of.</summary>
internal sealed class ResultHostRow
{
    public required RunId RunId { get; init; }
    /// <summary>16 bytes.</summary>
    public required byte[] Address { get; init; }
    public required string State { get; init; }
    /// <summary>All but the ports, as JSON.</summary>
    public required string Content { get; init; }
}

/// <summary>A port that a run's tool told of by itself: open ones, and others where they are few.</summary>
internal sealed class ResultPortRow
{
    public required RunId RunId { get; init; }
    /// <summary>16 bytes.</summary>
    public required byte[] Address { get; init; }
    /// <summary><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>ip</c>.</summary>
    public required string Protocol { get; init; }
    public required int Port { get; init; }
    /// <summary><c>open</c>, <c>closed</c>, <c>filtered</c>, …, or <c>not-measured</c>.</summary>
    public required string State { get; init; }
    public string? Said { get; init; }
    public string? Reason { get; init; }
    public string? Service { get; init; }
    public string? Product { get; init; }
    /// <summary>As JSON; null where no script said anything.</summary>
    public string? Scripts { get; init; }
}
