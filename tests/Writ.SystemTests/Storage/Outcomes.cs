using Writ.Proof.Errors;

namespace Writ.SystemTests.Storage;

/// <summary>What became of a verb.</summary>
internal static class Outcomes
{
    public static T ShouldBeOk<T>(this Result<T> result) =>
        result.IsOk ? result.Value : throw new ShouldAssertException($"refused: {result.Refusal} {string.Join("; ", result.Refusal.Reasons ?? [])}");

    public static Refusal ShouldBeRefused<T>(this Result<T> result, string code)
    {
        result.IsOk.ShouldBeFalse($"it was not refused as {code}");
        result.Refusal.Code.ShouldBe(code, result.Refusal.Message);
        return result.Refusal;
    }

    /// <summary>The refusal's code, or null for success.</summary>
    public static string? Code<T>(this Result<T> result) => result.IsOk ? null : result.Refusal.Code;

    /// <summary>Runs it so many times at once, from a common start.</summary>
    public static async Task<T[]> AtOnce<T>(int times, Func<int, Task<T>> what)
    {
        using var go = new SemaphoreSlim(0);
        var all = Enumerable.Range(0, times).Select(number => Task.Run(async () =>
        {
            await go.WaitAsync();
            return await what(number);
        })).ToArray();
        go.Release(times);
        return await Task.WhenAll(all);
    }
}
