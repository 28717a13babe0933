namespace Writ.Core.Traces;

/// <summary>
/// Intervals of time in classes by their length, each four times as long as the one before. Of a class, whatever is open at a
/// moment began within the class's length before it: one walk along an index, whatever else there is.
/// </summary>
public static class TraceSpan
{
    /// <summary>The last class, to which no length is too long.</summary>
    public const int Longest = 13;

    /// <summary>Every class.</summary>
    public static IEnumerable<int> Classes => Enumerable.Range(0, Longest + 1);

    /// <summary>The class of an interval: the smallest whose length it does not pass.</summary>
    public static int Of(TimeSpan length)
    {
        var at = 0;
        while (at < Longest && length > Length(at))
            at++;
        return at;
    }

    /// <summary>The earliest beginning of an interval of this class that goes on after this moment.</summary>
    public static DateTimeOffset EarliestBegin(int at, DateTimeOffset since) =>
        at == Longest || since - DateTimeOffset.UnixEpoch < Length(at) ? DateTimeOffset.UnixEpoch : since - Length(at);

    private static TimeSpan Length(int at) => TimeSpan.FromSeconds(1L << (2 * at));
}
