using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RnnService.Storage;
using RnnService.TrainingJobs;

namespace RnnService.Tests.TrainingJobs;

/// <summary>What ended jobs leave behind goes when its time is over, and not before.</summary>
public sealed class RetentionTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Old_leftovers_go_and_the_job_stays()
    {
        var client = fixture.Client;
        await client.UploadSentencesAsync();
        var id = await client.StartJobAsync($$"""{"dataset":"sentences","model":"kept",{{Training.Endless}}}""");
        await client.WaitAsync(id, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() > 1 && job.GetProperty("attempt").GetInt32() == 0);
        await client.CancelAsync(id);
        Assert.Equal((true, true, true), await LeftAsync(id));

        await SweepAsync(id, daysSinceItsEnd: 6);
        Assert.Equal((true, true, true), await LeftAsync(id));
        await SweepAsync(id, daysSinceItsEnd: 8);
        Assert.Equal((true, true, false), await LeftAsync(id));
        await SweepAsync(id, daysSinceItsEnd: 31);
        Assert.Equal((false, true, false), await LeftAsync(id));
        await SweepAsync(id, daysSinceItsEnd: 366);
        Assert.Equal((false, false, false), await LeftAsync(id));

        var done = Assert.Single(await client.EventsAsync(id));
        Assert.Equal(("done", "cancelled"), (done.Kind, done.Data.Text("status")));
        Assert.Equal("kept", (await client.JobAsync(id)).GetProperty("result").Text("model"));
        await using var context = fixture.Service.Context();
        Assert.False(await context.Blobs.AnyAsync(blob => blob.Kind == BlobKind.Checkpoint, Cancellation));
    }

    [Fact]
    public async Task A_job_that_goes_on_loses_nothing()
    {
        var client = fixture.Client;
        await client.UploadSentencesAsync();
        var id = await client.StartJobAsync($$"""{"dataset":"sentences","model":"living",{{Training.Endless}}}""");
        await client.WaitAsync(id, job => job.GetProperty("progress").GetProperty("epoch").GetInt32() > 1 && job.GetProperty("attempt").GetInt32() == 0);

        await Sweep().SweepAsync(Cancellation);

        Assert.Equal((true, true, true), await LeftAsync(id));
        await client.CancelAsync(id);
    }

    private RetentionSweep Sweep() => fixture.Service.App.Services.GetServices<IHostedService>().OfType<RetentionSweep>().Single();

    private async Task SweepAsync(string id, int daysSinceItsEnd)
    {
        await using var context = fixture.Service.Context();
        var end = DateTime.UtcNow.AddDays(-daysSinceItsEnd);
        await context.TrainingJobs.Where(job => job.Id == id).ExecuteUpdateAsync(set => set.SetProperty(job => job.FinishedAt, end), Cancellation);
        await Sweep().SweepAsync(Cancellation);
    }

    private async Task<(bool Events, bool Metrics, bool Checkpoints)> LeftAsync(string id)
    {
        await using var context = fixture.Service.Context();
        return (await context.Events.AnyAsync(row => row.JobId == id && row.Kind != EventKind.Done, Cancellation), await context.Metrics.AnyAsync(row => row.JobId == id, Cancellation),
            await context.Checkpoints.AnyAsync(row => row.JobId == id, Cancellation));
    }
}
