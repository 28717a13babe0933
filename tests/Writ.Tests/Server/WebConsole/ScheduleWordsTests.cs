using Writ.Server.WebConsole.Series;

namespace Writ.Tests.Server.WebConsole;

/// <summary>Schedules in words: those that people write, and none where the words would say less than the fields.</summary>
public sealed class ScheduleWordsTests
{
    [Theory]
    [InlineData("0 2 * * *", "at 02:00, every day")]
    [InlineData("0 2 * * 1-5", "at 02:00, Monday to Friday")]
    [InlineData("30 6,18 * * 0,6", "at 06:30 and 18:30, on Sunday and Saturday")]
    [InlineData("5 * * * *", "every hour at :05, every day")]
    [InlineData("*/15 * * * *", "every 15 minutes, every day")]
    [InlineData("0 */6 * * 7", "every 6 hours at :00, on Sunday")]
    [InlineData("0 3 1 * *", "at 03:00, on day 1 of the month")]
    [InlineData("0 3 1,15 1,7 *", "at 03:00, on day 1 and 15 of the month, in January and July")]
    [InlineData("0 3 L * *", "at 03:00, on the last day of the month")]
    [InlineData("0 3 * 6-8 1,3,5", "at 03:00, on Monday, Wednesday and Friday, June to August")]
    public void Schedule_that_people_write_has_words(string cron, string words) => ScheduleWords.Of(cron).ShouldBe(words);

    [Theory]
    [InlineData("0 2 1 * 1")]
    [InlineData("*/7 * * * *")]
    [InlineData("0 */5 * * *")]
    [InlineData("0 9-17 * * *")]
    [InlineData("0,30 2 * * *")]
    [InlineData("0 2 * * MON-FRI")]
    [InlineData("0 2 15W * *")]
    [InlineData("0 2 * * 5-1")]
    [InlineData("61 2 * * *")]
    [InlineData("0 2 * *")]
    [InlineData("")]
    public void Schedule_whose_words_would_be_long_or_wrong_has_none(string cron) => ScheduleWords.Of(cron).ShouldBeNull();
}
