using System.Globalization;

namespace Writ.SystemTests.Storage;

/// <summary>How many rounds a race or a model takes: a base for CI, times WRIT_TEST_SCALE (0.1 to 10,000; 1 when unset) for campaigns.</summary>
internal static class TestScale
{
    private static readonly double Scale = double.TryParse(Environment.GetEnvironmentVariable("WRIT_TEST_SCALE"), CultureInfo.InvariantCulture, out var scale) ? Math.Clamp(scale, 0.1, 10_000) : 1;

    public static bool IsCampaign => Scale > 1;

    public static int Times(int atOne) => Math.Max(1, (int)(atOne * Scale));
}
