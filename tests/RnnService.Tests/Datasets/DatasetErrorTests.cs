using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace RnnService.Tests.Datasets;

/// <summary>Every file and form that cannot be used is refused with the line and what to send instead, and leaves nothing behind.</summary>
public sealed class DatasetErrorTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("text,label\n\"a\nb\",x\nonly\nok,y\nok,z,1\n", new long[] { 4, 6 }, "1 field")]
    [InlineData("text,label\na,x\n\"b\" c,y\nd,\"z\n", new long[] { 3, 4 }, "closing quote")]
    [InlineData("text,label\na,x\n,y\nb,\n\n\" \",x\n", new long[] { 3, 4, 6 }, "empty")]
    [InlineData("", new long[] { 1 }, "empty")]
    [InlineData("text,label\n", new long[] { 1 }, "no rows")]
    [InlineData("text,label\na,x\nb,x\n", new long[] { 2 }, "'x'")]
    [InlineData("text,sentiment\na,x\n", new long[] { 1 }, "columns found: 'text', 'sentiment'")]
    [InlineData("review,label\na,x\n", new long[] { 1 }, "no column 'text'")]
    [InlineData("text;label\na;x\n", new long[] { 1 }, "separated by ';'")]
    [InlineData("text,label,label\na,x,y\n", new long[] { 1 }, "twice")]
    [InlineData("text,label,id\na,x,1\nb,y,2\n", new long[] { 1 }, "unknown column 'id'")]
    public Task A_wrong_csv_names_its_lines(string content, long[] lines, string says) => RefusedAsync(content, "data.csv", lines, says);

    [Theory]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"lable\":\"x\"}\n", new long[] { 2 }, "nearest is 'label'")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\nnot json\n", new long[] { 2 }, "not JSON")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\n[1]\n", new long[] { 2 }, "not an object")]
    [InlineData("{\"text\":\"a\"}\n{\"label\":\"x\"}\n{\"text\":\"\",\"label\":\"x\"}\n{\"text\":1,\"label\":\"x\"}\n{\"text\":\"a\",\"label\":[]}\n", new long[] { 1, 2, 3, 4, 5 }, "label is missing")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\",\"label\":\"y\"}\n", new long[] { 1 }, "twice")]
    [InlineData("{\"text\":\"a\",\"tokens\":[\"a\"],\"label\":\"x\"}\n", new long[] { 1 }, "both text and tokens")]
    [InlineData("{\"tokens\":[],\"label\":\"x\"}\n{\"tokens\":[1],\"label\":\"x\"}\n", new long[] { 1, 2 }, "empty")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\n{\"tokens\":[\"a\"],\"label\":\"y\"}\n", new long[] { 2 }, "one kind of input")]
    [InlineData("{\"frames\":[[1,2],[3]],\"label\":\"x\"}\n{\"frames\":[],\"label\":\"x\"}\n{\"frames\":[[]],\"label\":\"x\"}\n", new long[] { 1, 2, 3 }, "same size")]
    [InlineData("{\"frames\":[[1,2]],\"label\":\"x\"}\n{\"frames\":[[1,2,3]],\"label\":\"y\"}\n", new long[] { 2 }, "those of the rows before 2")]
    [InlineData("{\"frames\":[[NaN]],\"label\":\"x\"}\n{\"frames\":[[1e39]],\"label\":\"x\"}\n{\"frames\":[[\"1\"]],\"label\":\"x\"}\n", new long[] { 1, 2, 3 }, "not JSON")]
    public Task A_wrong_json_line_is_named(string content, long[] lines, string says) => RefusedAsync(content, "data.jsonl", lines, says);

    [Fact]
    public async Task Latin1_is_refused_with_the_line_and_the_command_that_helps()
    {
        foreach (var text in new[] { "text,label\na,x\ncafé au lait,y\n", "text,label\na,x\ncafé" })
        {
            var problem = await (await fixture.Client.UploadAsync("latin", Encoding.Latin1.GetBytes(text))).ProblemAsync(422, "invalid_file");
            Assert.Equal([3], problem.Lines());
            Assert.Contains("iconv -f latin1 -t utf-8", problem.Text("hint"));
        }
        var utf16 = await (await fixture.Client.UploadAsync("latin", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Uploads.Good)])).ProblemAsync(422, "invalid_file");
        Assert.Contains("utf-16", utf16.Text("hint"));
        await NothingKeptAsync("latin");
    }

    [Fact]
    public async Task Characters_cut_by_buffer_ends_are_not_mistaken_for_errors()
    {
        // Three-byte characters at every alignment of any buffer size.
        var text = "text,label\na,x\n" + string.Concat(Enumerable.Repeat(new string('語', 333) + ",y\n", 300));
        Assert.Equal(HttpStatusCode.Created, (await fixture.Client.UploadAsync("wide", text)).StatusCode);
    }

    [Fact]
    public async Task At_most_twenty_errors_are_listed()
    {
        var content = "text,label\n" + string.Concat(Enumerable.Repeat("wrong\n", 1000));
        var problem = await (await fixture.Client.UploadAsync("many", content)).ProblemAsync(422, "invalid_file");
        Assert.Equal(Enumerable.Range(2, 20).Select(line => (long)line), problem.Lines());
    }

    [Fact]
    public async Task Too_many_labels_are_refused()
    {
        var content = "text,label\n" + string.Concat(Enumerable.Range(0, 1500).Select(row => $"text,id-{row}\n"));
        var problem = await (await fixture.Client.UploadAsync("ids", content)).ProblemAsync(422, "invalid_file");
        Assert.Equal([1002], problem.Lines());
        await NothingKeptAsync("ids");
    }

    [Theory]
    [InlineData("/name", "invalid", "Bad Name", "sequence_classification", "a.csv")]
    [InlineData("/task", "invalid", "form", "sequence_clasification", "a.csv")]
    [InlineData("/format", "invalid", "form", "sequence_classification", "a.dat")]
    public async Task A_wrong_field_is_pointed_at(string pointer, string kind, string name, string task, string fileName)
    {
        var response = await fixture.Client.SendFormAsync(new StringContent(Uploads.Good), fileName, null, ("name", name), ("task", task));
        var problem = await response.ProblemAsync(422, kind);
        Assert.Equal(pointer, problem.GetProperty("errors")[0].Text("pointer"));
    }

    [Fact]
    public async Task A_form_must_be_whole_and_in_order()
    {
        var unknown = await fixture.Client.SendFormAsync(new StringContent(Uploads.Good), "a.csv", null, ("name", "form"), ("tsk", "x"));
        Assert.Contains("'task'", (await unknown.ProblemAsync(400, "malformed")).Text("hint"));
        var missing = await fixture.Client.SendFormAsync(new StringContent(Uploads.Good), "a.csv", null, ("name", "form"));
        Assert.Contains("'task'", (await missing.ProblemAsync(400, "malformed")).Text("detail"));
        var twice = await fixture.Client.SendFormAsync(new StringContent(Uploads.Good), "a.csv", null, ("name", "form"), ("name", "form"));
        Assert.Contains("twice", (await twice.ProblemAsync(400, "malformed")).Text("detail"));

        const string start = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nform\r\n--b\r\nContent-Disposition: form-data; name=\"task\"\r\n\r\nsequence_classification\r\n";
        const string file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + Uploads.Good + "\r\n";
        var after = await RawAsync(start + file + "--b\r\nContent-Disposition: form-data; name=\"format\"\r\n\r\ncsv\r\n--b--\r\n");
        Assert.Contains("last", (await after.ProblemAsync(400, "malformed")).Text("hint"));
        await (await RawAsync(start + file)).ProblemAsync(400, "malformed");
        await (await RawAsync(start + "--b--\r\n")).ProblemAsync(400, "malformed");
        await NothingKeptAsync("form");
    }

    [Fact]
    public async Task Another_content_type_is_told_which_is_read()
    {
        var response = await fixture.Client.PostAsync("/api/v1/datasets", new StringContent("{}", Encoding.UTF8, "application/json"), Cancellation);
        Assert.Contains("multipart/form-data", (await response.ProblemAsync(415, "unsupported_media_type")).Text("hint"));
    }

    private async Task RefusedAsync(string content, string fileName, long[] lines, string says)
    {
        var name = $"refused-{Guid.NewGuid():n}";
        var problem = await (await fixture.Client.UploadAsync(name, content, fileName)).ProblemAsync(422, "invalid_file");
        Assert.Equal(lines, problem.Lines());
        Assert.Contains(says, problem.ToString().Replace("\\u0027", "'"));
        await NothingKeptAsync(name);
    }

    private async Task NothingKeptAsync(string name)
    {
        await (await fixture.Client.GetAsync($"/api/v1/datasets/{name}", Cancellation)).ProblemAsync(404, "not_found");
        await using var context = fixture.Service.Context();
        Assert.Equal(await context.Datasets.CountAsync(Cancellation), await context.Blobs.CountAsync(Cancellation));
    }

    private async Task<HttpResponseMessage> RawAsync(string body)
    {
        using var content = new StringContent(body);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        return await fixture.Client.PostAsync("/api/v1/datasets", content, Cancellation);
    }
}
