using System.Globalization;

namespace Writ.Tests.Core;

/// <summary>How many cases a property tries: a base for CI, times WRIT_TEST_SCALE (0.1 to 10,000; 1 when unset) for campaigns.</summary>
internal static class PropertyScale
{
    public static long Cases(int atOne) => Math.Max(10, (long)(atOne * (double.TryParse(
        Environment.GetEnvironmentVariable("WRIT_TEST_SCALE"), CultureInfo.InvariantCulture, out var scale) ? Math.Clamp(scale, 0.1, 10_000) : 1)));
}
