using System.Security.Cryptography;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Runner.Runs;

namespace Writ.Runner.Orders;

/// <summary>
/// Fetches the files of a run's sandbox into its folder. Only bytes whose size and digest are the statement's are kept:
/// what the approver saw is what the tool reads, whoever keeps the files meanwhile.
/// </summary>
internal sealed class IncomingFiles(Func<string, string, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> fetch, TimeProvider time)
{
    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Search = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Takes every file, or tells why not; the run then must not start.</summary>
    public async Task<Refusal?> Take(RunFolder folder, IReadOnlyList<StatementFile> files, DateTimeOffset startBy)
    {
        using var until = new CancellationTokenSource();
        if (startBy - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            until.CancelAfter(left);
        try
        {
            foreach (var file in files)
            {
                if (!await TakeOne(folder, file, until.Token))
                    return new(ErrorCode.FileMismatch, $"{file.Path} as the server has it is not the file that was decided on");
            }

            return null;
        }
        catch (OperationCanceledException)
        {
            return new(ErrorCode.StartByPassed, "the files of the run did not come before its start-by time");
        }
        catch (IOException failed)
        {
            return new(ErrorCode.FileMismatch, $"a file of the run cannot be had: {failed.Message}");
        }
    }

    private async Task<bool> TakeOne(RunFolder folder, StatementFile file, CancellationToken cancel)
    {
        var path = Path.Combine(folder.In, file.Path[SandboxTerms.In.Length..]);
        // Readable for the run's own user; the folder above is not.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, ReadOnly | UnixFileMode.UserWrite | Search);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (var into = File.Open(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = ReadOnly }))
        {
            await foreach (var bytes in fetch(folder.Run, file.Sha256, cancel))
            {
                if (into.Length + bytes.Length > file.Bytes)
                    return false;
                hash.AppendData(bytes.Span);
                await into.WriteAsync(bytes, cancel);
            }

            await into.FlushAsync(cancel);
            return into.Length == file.Bytes && Convert.ToHexStringLower(hash.GetHashAndReset()) == file.Sha256;
        }
    }
}
