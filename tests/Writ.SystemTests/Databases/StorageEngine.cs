using Writ.Server.Storage;

namespace Writ.SystemTests.Databases;

/// <summary>
/// A database engine for a run of the tests, with a template of the newest schema. Fixture of a collection: at the end it
/// tells which engine, which version and how many tests.
/// </summary>
public abstract class StorageEngine : IAsyncLifetime
{
    private int _tests;
    private string _version = "";

    /// <summary>One more test ran on it.</summary>
    public void Count() => Interlocked.Increment(ref _tests);

    /// <summary>A copy of the template. A small disk is one that <see cref="TestDatabase.MakeUnwritable"/> can fill.</summary>
    internal abstract Task<TestDatabase> Create(bool smallDisk = false);

    /// <summary>A database without any schema.</summary>
    internal abstract Task<TestDatabase> CreateEmpty();

    public async ValueTask InitializeAsync()
    {
        await Start();
        await using var empty = await CreateEmpty();
        using var database = empty.Open();
        _version = await database.Describe(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Stop();
        var line = $"storage: {string.Join(' ', _version.Split(' ').Take(2))}: {_tests} tests";
        TestContext.Current.SendDiagnosticMessage(line);
        await Console.Error.WriteLineAsync(line);
        // ./test prints what stands there when all is over; the runner shows nothing of a passing test's output.
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            await File.AppendAllTextAsync(report, line + "\n");
    }

    private protected abstract Task Start();

    private protected abstract Task Stop();
}
