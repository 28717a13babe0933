/// <summary>
/// Entered by the runtime before Main where <c>DOTNET_STARTUP_HOOKS</c> names this assembly, which
/// <see cref="Writ.SystemTests.Storage.SecondServer"/> does for its own processes alone. The name and the missing
/// namespace are the runtime's.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Writ.SystemTests.Storage.SecondServer.TryRun())
            Environment.Exit(0);
    }
}
