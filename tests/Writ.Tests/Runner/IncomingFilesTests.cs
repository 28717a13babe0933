using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Runner.Orders;
using Writ.Runner.Runs;

namespace Writ.Tests.Runner;

public sealed class IncomingFilesTests : IDisposable
{
    private static readonly byte[] Content = "10.20.0.5\n"u8.ToArray();
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-incoming-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 7, 1, 14, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static StatementFile File { get; } = new("/in/lists/targets", Content.Length, Convert.ToHexStringLower(SHA256.HashData(Content)));

    private Task<Refusal?> Take(StatementFile file, params byte[][] chunks) => Take(file, (_, _, cancel) => Chunks(chunks, cancel));

    private Task<Refusal?> Take(StatementFile file, Func<string, string, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> fetch) =>
        new IncomingFiles(fetch, _time).Take(new RunFolder(_folder), [file], _time.GetUtcNow().AddSeconds(1));

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(byte[][] chunks, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var chunk in chunks)
        {
            await Task.Yield();
            cancel.ThrowIfCancellationRequested();
            yield return chunk;
        }
    }

    [Fact]
    public async Task Take_bytes_of_the_digest_are_kept_read_only()
    {
        (await Take(File, Content[..3], [], Content[3..])).ShouldBeNull();
        var path = Path.Combine(_folder, "in", "lists", "targets");
        (await System.IO.File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken)).ShouldBe(Content);
        System.IO.File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    [Fact]
    public async Task Take_other_fewer_or_more_bytes_are_refused()
    {
        byte[] other = [.. Content[..^1], (byte)'x'];
        foreach (var chunks in new byte[][][] { [other], [Content[..^1]], [], [Content, [1]], [new byte[1 << 20]] })
        {
            (await Take(File, chunks)).ShouldNotBeNull().Code.ShouldBe(ErrorCode.FileMismatch);
            Directory.Delete(Path.Combine(_folder, "in"), recursive: true);
        }
    }

    [Fact]
    public async Task Take_file_that_cannot_be_had_is_refused() =>
        (await Take(File, (_, _, _) => throw new IOException("there is no connection to a server"))).ShouldNotBeNull().Code.ShouldBe(ErrorCode.FileMismatch);
}
