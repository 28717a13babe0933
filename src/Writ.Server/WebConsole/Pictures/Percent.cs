using System.Globalization;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>Places in a picture, in percent of its width, as SVG takes them.</summary>
internal static class Percent
{
    public static string Of(double percent) => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(percent, 0, 100):0.##}%");
}
