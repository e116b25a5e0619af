/** Shows the title of the bar or mark under the pointer or with the focus in the caption of its chart. */
export const PAGE_SCRIPT: string = `for(const figure of document.querySelectorAll("figure")){
const details=figure.querySelector(".details"),hint=details.textContent;
const show=(event)=>{const item=event.target.closest(".mark,.bar");if(!item)return;
details.textContent=item.querySelector("title").textContent;details.classList.add("shown")};
const hide=()=>{const item=figure.querySelector(".mark:focus");
details.textContent=item?item.querySelector("title").textContent:hint;details.classList.toggle("shown",Boolean(item))};
figure.addEventListener("pointerover",show);figure.addEventListener("focusin",show);
figure.addEventListener("pointerleave",hide);figure.addEventListener("focusout",()=>requestAnimationFrame(hide))}`;
