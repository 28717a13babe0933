using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Has each new head cosigned by the witnesses. A witness that is down stops nothing: the log goes on, the server's log says
/// so every minute, and <c>/v1/log</c> tells how far each witness has come. A witness that saw more, or other, entries than
/// the database has halts the log.
/// </summary>
internal sealed class Witnessing(
    WitnessList list, Database database, PublishedHead published, TimeProvider time, ILogger<Witnessing> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<NoteKey, State> _states = new();

    /// <summary>How far a witness has come.</summary>
    /// <param name="Size">The newest size that it cosigned, as this server knows.</param>
    /// <param name="Trouble">Why it does not go on, or null.</param>
    internal sealed record State(long Size, string? Trouble);

    /// <summary>Each witness and how far it has come.</summary>
    public IReadOnlyList<(LogWitness Witness, State State)> States =>
        [.. list.Witnesses.Select(witness => (witness, _states.GetValueOrDefault(witness.Key) ?? new(0, "not asked yet")))];

    /// <summary>One round: offers the newest head to every witness that has not cosigned it.</summary>
    public async Task Once(CancellationToken cancel)
    {
        if (list.Witnesses.Count == 0 || await published.Publish(cancel) is not { } head)
            return;
        await Task.WhenAll(list.Witnesses.Select(witness => Offer(witness, head, cancel)));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var said = DateTimeOffset.MinValue;
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (list.Witnesses.Count > 0 && await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Once(stoppingToken);
                }
                catch (LogHaltedException)
                {
                    // The sequencer says so.
                    continue;
                }
                catch (Exception failed) when (failed is System.Data.Common.DbException or DbUpdateException or HeadNotKeptException or IOException)
                {
                    log.LogError("the witnesses could not be asked: {Why}", failed.Message);
                }

                var troubled = States.Where(state => state.State.Trouble is not null).ToArray();
                if (troubled.Length == 0 || time.GetUtcNow() - said < SayEvery)
                    continue;
                said = time.GetUtcNow();
                var missed = list.Witnesses.Count - troubled.Length < list.Quorum ? "NO QUORUM: new entries are not witnessed" : "the quorum holds";
                foreach (var (witness, state) in troubled)
                    log.LogCritical("witness {Name} does not cosign ({Missed}): {Why}", witness.Key.Name, missed, state.Trouble);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task Offer(LogWitness witness, SignedCheckpoint head, CancellationToken cancel)
    {
        var before = _states.GetValueOrDefault(witness.Key);
        if (before is { Trouble: null } && before.Size >= head.Head.Size)
            return;
        try
        {
            var known = before?.Size ?? await LastCosigned(witness.Key, cancel);
            var answer = await Ask(witness, head, known, cancel);
            // It knew of another size than we thought: once more, from there.
            if (answer is { Cosigned: false, Trouble: null })
                answer = await Ask(witness, head, answer.Size, cancel);
            _states[witness.Key] = new(answer.Size, answer.Cosigned ? null : answer.Trouble ?? "it changes while it is asked");
        }
        catch (Exception down) when ((down is HttpRequestException or IOException or OperationCanceledException) && !cancel.IsCancellationRequested)
        {
            _states[witness.Key] = new(before?.Size ?? 0, down is OperationCanceledException ? "it does not answer" : down.Message);
        }
    }

    private async Task<(long Size, bool Cosigned, string? Trouble)> Ask(LogWitness witness, SignedCheckpoint head, long old, CancellationToken cancel)
    {
        await using var db = database.Open();
        var proof = await TileStore.Tree(db, head.Head.Size, cancel).Consistency(old, head.Head.Size);
        using var http = Dial(witness.Url, out var at);
        using var body = new StringContent(new WitnessRequest(old, proof, head.Note.ToString()).ToString(), Encoding.UTF8, "text/plain");
        using var answer = await http.PostAsync(at, body, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        switch ((int)answer.StatusCode)
        {
            case StatusCodes.Status200OK:
                foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (SignedNote.Signature(line) is { } signature && signature.Name == witness.Key.Name && signature.KeyId == witness.Key.Id
                        && Cosignature.TimeOf(witness.Key, head.Head.Text, signature.Blob) is { } time)
                    {
                        await Keep(head.Head.Size, witness.Key, signature, time, cancel);
                        return (head.Head.Size, true, null);
                    }
                }

                return (old, false, "its answer holds no cosignature of its key");
            case StatusCodes.Status409Conflict when long.TryParse(text.AsSpan().TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var knows):
                if (knows <= head.Head.Size && knows != old)
                    return (knows, false, null);
                published.Contradicted(knows > head.Head.Size
                    ? $"witness {witness.Key.Name} has seen {knows} entries, and the database has {head.Head.Size}: it was restored from a copy, or rolled back"
                    : $"witness {witness.Key.Name} has seen another log of {knows} entries");
                return (old, false, "it has seen another log than this one");
            case StatusCodes.Status422UnprocessableEntity:
                published.Contradicted($"witness {witness.Key.Name} has seen other entries before {old}");
                return (old, false, "it has seen another log than this one");
            default:
                return (old, false, $"it answered {(int)answer.StatusCode}");
        }
    }

    private async Task<long> LastCosigned(NoteKey witness, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.LogCosignatures.Where(row => row.Witness == witness.ToString()).MaxAsync(row => (long?)row.Size, cancel) ?? 0;
    }

    private async Task Keep(long size, NoteKey witness, NoteSignature signature, DateTimeOffset at, CancellationToken cancel)
    {
        using var turn = await database.TurnToWrite(cancel);
        await using var db = database.Open();
        var name = witness.ToString();
        if (await db.LogCosignatures.AnyAsync(row => row.Size == size && row.Witness == name, cancel))
            return;
        db.LogCosignatures.Add(new() { Size = size, Witness = name, Line = signature.ToString(), At = at });
        await db.SaveChangesAsync(cancel);
    }

    private static HttpClient Dial(string url, out Uri at)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
        if (!url.StartsWith("unix://", StringComparison.Ordinal))
        {
            at = new(url.TrimEnd('/') + "/add-checkpoint");
            return new(handler) { Timeout = Patience, MaxResponseContentBufferSize = 64 << 10 };
        }

        at = new("http://localhost/add-checkpoint");
        handler.ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(url["unix://".Length..]), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return new(handler) { Timeout = Patience, MaxResponseContentBufferSize = 64 << 10 };
    }
}
