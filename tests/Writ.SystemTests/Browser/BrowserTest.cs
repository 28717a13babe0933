namespace Writ.SystemTests.Browser;

/// <summary>A test in a browser against the real programs. When it fails, what all of them said is in its output.</summary>
public abstract class BrowserTest : IAsyncLifetime
{
    private protected BrowserTest(BrowserHouse house) => House = house;

    private protected BrowserHouse House { get; }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine(House.Said());
        return ValueTask.CompletedTask;
    }
}
